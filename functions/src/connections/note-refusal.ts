import type { Audit } from '../audit/audit.ts';
import { type ErrorCode, StrongroomError } from '../errors.ts';
import type { Caller } from '../identity/caller.ts';

/** Refusals that say something of whoever met them; the others are about the state of things. */
const audited: ReadonlySet<ErrorCode> = new Set([
  'state_of_another_user',
  'issuer_mismatch',
  'access_denied',
  'authorization_failed',
  'account_mismatch',
  'credentials_refused',
]);

/** Records that an authorization came to nothing, where that says something. Never throws. */
export type NoteRefusal = (
  caller: Caller,
  authorization: { readonly id: string; readonly provider: string },
  error: unknown,
) => Promise<void>;

export function createNoteRefusal(audit: Pick<Audit, 'note'>): NoteRefusal {
  return async ({ uid }, { id, provider }, error) => {
    if (!(error instanceof StrongroomError) || !audited.has(error.code)) return;
    const { code } = error;
    // Whoever brings another's state can do so as often as he likes.
    const once = `refused_${id.slice(0, 100)}`;
    await audit.note({ type: 'connect_refused', actor: 'user', provider, code, uid }, once);
  };
}
