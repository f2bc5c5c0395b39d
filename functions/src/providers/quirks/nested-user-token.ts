import { isObject } from '../../platform/member.ts';
import type { Quirk } from './quirk.ts';

/** What a token answer tells of one token (RFC 6749 §5.1). */
const ofToken = [
  'access_token',
  'refresh_token',
  'id_token',
  'token_type',
  'expires_in',
  'scope',
] as const;

/**
 * An answer that holds two tokens: the app's at the top, and the user's, which the connection is for.
 * Where it holds one alone, it is the one whose type tells: an app's is refused by its type.
 */
export const nestedUserToken: Quirk = {
  summary: "The user's token is under `authed_user`, beside one of the app's own.",
  token: (send) => async (request) => {
    const answer = await send(request);
    const { members } = answer;
    const nested = members?.['authed_user'];
    if (members === undefined || !isObject(nested)) return { ...answer, members: typed(members) };
    if (typeof nested['access_token'] !== 'string' || nested['access_token'] === '') {
      return { ...answer, members: typed(members) };
    }
    const others = Object.entries(members).filter(([name]) => !isOfToken(name));
    return { ...answer, members: typed({ ...Object.fromEntries(others), ...nested }) };
  },
};

/** Some say `user` of a token that is sent as any other (RFC 6750). */
function typed<T extends Members | undefined>(members: T) {
  return members?.['token_type'] === 'user' ? { ...members, token_type: 'bearer' } : members;
}

type Members = Readonly<Record<string, unknown>>;

function isOfToken(name: string): boolean {
  return ofToken.some((member) => member === name);
}
