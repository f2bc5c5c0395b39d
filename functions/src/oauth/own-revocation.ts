import * as oauth from 'oauth4webapi';
import { systemClock } from '../platform/clock.ts';
import { errorCodeIn } from '../providers/quirks/error-in-200.ts';
import { fieldsOf } from '../providers/template.ts';
import type { RevocationShape } from '../providers/wire-schema.ts';
import { asOAuthFailure, failureSaying, OAuthFailure, ofStatus } from './failure.ts';
import type { Party } from './party.ts';
import { spendRefreshToken } from './refresh-token.ts';
import { revocationRequest } from './revocation-request.ts';
import type { TokenSet } from './token-set.ts';
import { wireAnswerOf } from './wire-answer.ts';

/** A token set, as far as revoking it takes. */
export type Revocable = Pick<TokenSet, 'accessToken' | 'refreshToken'> &
  Partial<Pick<TokenSet, 'extra'>>;

/**
 * Revokes a token set in the provider's own way, as its data tells. Where that needs an access token and
 * there is no such grant by it, it may just be over: a refresh token gets another one first.
 *
 * @returns whether the provider was told; `false` where a field is missing that the request needs.
 * @throws OAuthFailure: `user` where there is no such grant any more; StrongroomError.
 */
export async function revokeInOwnWay(
  party: Party,
  shape: RevocationShape,
  tokenSet: Revocable,
): Promise<boolean> {
  try {
    return await revokeAll(party, shape, tokenSet);
  } catch (error) {
    const { refreshToken } = tokenSet;
    if (!isGone(error) || !refreshToken || !needsAccessToken(party, shape)) throw error;
    const fresh = await spendRefreshToken(party, { refreshToken });
    return revokeAll(party, shape, {
      ...tokenSet,
      accessToken: fresh.access_token,
      refreshToken: fresh.refresh_token ?? refreshToken,
    });
  }
}

/** One request for each token that is to be named. */
async function revokeAll(
  party: Party,
  shape: RevocationShape,
  tokenSet: Revocable,
): Promise<boolean> {
  const { refreshToken, accessToken, extra } = tokenSet;
  const tokens = { refresh_token: refreshToken, access_token: accessToken };
  const namesToken = namesIn(party, shape).includes('token');
  const fields = {
    // Of what has just been given nothing is kept yet.
    ...party.extra,
    ...extra,
    client_id: party.client.client_id,
    // An import may have brought a refresh token alone.
    ...(accessToken && { access_token: accessToken }),
  };
  let wasTold = false;
  for (const name of namesToken ? shape.tokens : []) {
    const token = tokens[name];
    if (!token) continue;
    try {
      wasTold = (await ask(party, shape, { ...fields, token })) || wasTold;
    } catch (error) {
      // The first request may have ended what the second one names, or is made with.
      if (!wasTold || !isGone(error)) throw error;
    }
  }
  return namesToken ? wasTold : ask(party, shape, fields);
}

function needsAccessToken(party: Party, shape: RevocationShape): boolean {
  const names = namesIn(party, shape);
  const isNamed = names.includes('token') && !shape.tokens.includes('refresh_token');
  return shape.by === 'access_token' || isNamed || names.includes('access_token');
}

/** The fields that stand in its templates. */
function namesIn({ server }: Party, { parameters, headers }: RevocationShape): string[] {
  const values = [parameters, headers].flatMap((templates) => Object.values(templates));
  return [server.revocation_endpoint ?? '', ...values].flatMap(fieldsOf);
}

async function ask(
  party: Party,
  shape: RevocationShape,
  fields: Readonly<Record<string, string>>,
): Promise<boolean> {
  const { life } = party.provider;
  const send = async (clientAuth: oauth.ClientAuth, secret?: string): Promise<boolean> => {
    try {
      const known = { ...fields, ...(secret !== undefined && { client_secret: secret }) };
      const request = await revocationRequest(party, shape, { clientAuth, fields: known });
      if (request === undefined) return false;
      const { url, ...init } = request;
      const response = await party.transport[oauth.customFetch](url.href, init);
      await assertRevoked(shape, response, party.provider);
      return true;
    } catch (error) {
      throw asOAuthFailure(error, life);
    }
  };
  const isClients = /^client/.test(shape.by) || namesIn(party, shape).includes('client_secret');
  return isClients ? party.authenticated(send) : send(oauth.None());
}

/** @throws OAuthFailure */
async function assertRevoked(
  { by, gone }: RevocationShape,
  response: Response,
  provider: Party['provider'],
): Promise<void> {
  const { members } = await wireAnswerOf(response, provider, () => systemClock.now());
  const error = errorCodeIn(members?.['error']);
  const { ok, status } = response;
  if (ok && error === undefined) return;
  if (gone.includes(status)) throw ofStatus(response, 'user', error);
  if (status === 401) {
    throw by === 'access_token'
      ? ofStatus(response, 'user')
      : ofStatus(response, 'operator', 'invalid_client');
  }
  throw error === undefined
    ? ofStatus(response, 'invalid')
    : failureSaying(error, response, provider.life);
}

function isGone(error: unknown): boolean {
  return error instanceof OAuthFailure && error.kind === 'user';
}
