import { memberOf } from '../platform/member.ts';
import type { Provider } from '../providers/settings-schema.ts';

/** A longer answer is one that was meant: what refuses is short. In bytes, or units of UTF-16. */
const mostLookedAt = 65_536;

/**
 * Whether an answer of the API refuses the token, by what the provider's settings say of it: by the
 * status (`replayOn`), or by a member of its JSON (`refusal`), whatever the status and the type.
 *
 * @param body undefined: it is not at hand, as it streams.
 */
export function refusesToken(
  { replayOn, refusal }: Pick<Provider, 'replayOn' | 'refusal'>,
  status: number,
  body: Uint8Array | string | undefined,
): boolean {
  if (replayOn.some((refusing) => refusing === status)) return true;
  if (refusal === undefined || body === undefined || body.length > mostLookedAt) return false;
  const told = memberOf(jsonOf(body), refusal.member);
  return refusal.values.some((value) => value === told);
}

function jsonOf(body: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
