import { decodeJwt, type JWTPayload } from 'jose';
import type { TokenCache } from '../../calls/access-token.ts';
import type { Authorized } from '../../calls/authorized.ts';
import { addressRefused } from '../../calls/no-answer.ts';
import { type Egress, EgressError } from '../../egress/egress.ts';
import { StrongroomError, unavailable } from '../../errors.ts';
import type { Caller } from '../../identity/caller.ts';
import type { Limits } from '../../limits/limits.ts';
import { sendWithin } from '../../limits/send-within.ts';
import { asToldFailure } from '../../oauth/failure.ts';
import type { Party, PartyFinder } from '../../oauth/party.ts';
import type { TokenSet } from '../../oauth/token-set.ts';
import type { Opened } from '../../refresh/dependencies.ts';
import { notOffered } from '../not-offered.ts';
import { isEnough } from './account.ts';
import { askProfile, type ProfileSource, profileSourceOf, readProfile } from './ask-profile.ts';
import { type Profile, profileOf } from './profile-claims.ts';

export interface ProfileRequest {
  readonly connectionId: string;
  /** Also gives what the provider itself told. */
  readonly raw?: boolean | undefined;
}

export interface ToldProfile {
  /** By the claims of OpenID Connect Core 1.0 §5.1. */
  readonly profile: Profile;
  /** Who told it. */
  readonly source: 'id_token' | ProfileSource['kind'];
  /** On request; nothing in it is checked. */
  readonly raw?: unknown;
}

interface ProfileDependencies {
  readonly tokens: Pick<TokenCache, 'get'>;
  readonly authorized: Authorized;
  readonly findParty: PartyFinder;
  readonly egress: Egress;
  readonly limits: Limits;
}

/**
 * Whose account a connection is: by its ID token where that says what the scopes promise, else by one
 * request to the provider. Cost in Firestore: as a call.
 *
 * @throws StrongroomError `not_offered`: nobody tells; `provider_answer_invalid`: what was told cannot
 *   be used; those of `FreshTokenSet`; `rate_limited`, `unavailable`.
 */
export function createProfile(dependencies: ProfileDependencies) {
  const { tokens, authorized, findParty, limits } = dependencies;

  return async (
    { uid }: Caller,
    { connectionId, raw = false }: ProfileRequest,
    deadlineAt: number,
  ): Promise<ToldProfile> => {
    const request = { uid, connectionId, deadlineAt };
    const { tokenSet, provider } = await tokens.get(request);
    const claims = claimsOf(tokenSet);
    const told = profileOf(claims);
    if (!raw && isEnough(told, tokenSet.scopes)) return { profile: told, source: 'id_token' };
    try {
      const party = await findParty(provider, tokenSet);
      if (profileSourceOf(party, tokenSet) === undefined) {
        if (claims === undefined) throw notOffered('profile');
        return { profile: told, source: 'id_token', ...(raw && { raw: shownOf(claims) }) };
      }
      let asked: { readonly source: ProfileSource; readonly opened: Opened } | undefined;
      const { response } = await authorized({
        request,
        send: async (opened) => {
          const source = profileSourceOf({ ...party, provider: opened.provider }, opened.tokenSet);
          if (source === undefined) throw notOffered('profile');
          asked = { source, opened };
          const sending = { uid, connectionId, provider, path: source.url.pathname, deadlineAt };
          const send = async () => {
            const answer = await askProfile(dependencies.egress, party, source, opened.tokenSet);
            const { status, headers } = answer;
            const body = await answer.clone().bytes();
            return { status, headers: Object.fromEntries(headers), response: answer, body };
          };
          return (await sendWithin(limits, sending, { send })).answer;
        },
        bodyOf: ({ body }) => body,
      });
      if (asked === undefined) throw notOffered('profile');
      if (!response.ok) throw refusal(response);
      const { source, opened } = asked;
      const subject = claimsOf(opened.tokenSet)?.sub;
      return answerOf(party, source, response, { tokenSet: opened.tokenSet, subject, raw });
    } catch (error) {
      throw asProfileError(error);
    }
  };
}

async function answerOf(
  party: Party,
  source: ProfileSource,
  response: Response,
  { tokenSet, subject, raw }: { tokenSet: TokenSet; subject: string | undefined; raw: boolean },
): Promise<ToldProfile> {
  const told = await readProfile(party, source, response, { tokenSet, subject }).catch(() => {
    throw unusable('gave no profile, or that of another account');
  });
  const map = source.kind === 'endpoint' ? source.profile.map : undefined;
  const profile = { ...profileOf(told, map), ...(subject !== undefined && { sub: subject }) };
  if (profile.sub === undefined) throw unusable('did not tell whose account it is (sub)');
  return { profile, source: source.kind, ...(raw && { raw: told }) };
}

/** It was validated when it came. */
function claimsOf({ idToken }: TokenSet): JWTPayload | undefined {
  try {
    return idToken === undefined ? undefined : decodeJwt(idToken);
  } catch {
    return undefined;
  }
}

/** What an ID token says of itself and not of the account. */
const ofTheToken =
  /^(?:iss|aud|exp|iat|nbf|jti|nonce|azp|at_hash|c_hash|s_hash|auth_time|acr|amr|sid|rat)$/;

function shownOf(claims: JWTPayload): object {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !ofTheToken.test(name)));
}

function refusal({ status }: Response): StrongroomError {
  if (status >= 500 || status === 429) return unavailable('provider');
  return unusable(`answered ${status}; the scopes of this connection may not be enough`);
}

function unusable(what: string): StrongroomError {
  return new StrongroomError(
    'provider_answer_invalid',
    `The provider was asked whose account it is and ${what}.`,
  );
}

function asProfileError(error: unknown): StrongroomError {
  if (error instanceof EgressError) {
    if (error.kind === 'refused') return addressRefused();
    return error.kind === 'too_large' ? unusable('told too much') : unavailable('provider');
  }
  return asToldFailure(error);
}
