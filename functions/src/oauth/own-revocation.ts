import * as oauth from 'oauth4webapi';
import { fieldsOf } from '../providers/template.ts';
import type { RevocationShape } from '../providers/wire-schema.ts';
import { asOAuthFailure, failureSaying, OAuthFailure, ofStatus } from './failure.ts';
import type { Party } from './party.ts';
import { spendRefreshToken } from './refresh-token.ts';
import { revocationRequest } from './revocation-request.ts';
import { mendTokenAnswer } from './token-answer.ts';
import type { TokenSet } from './token-set.ts';

/** A token set, as far as revoking it takes. */
export type Revocable = Pick<TokenSet, 'accessToken' | 'refreshToken'> &
  Partial<Pick<TokenSet, 'extra'>>;

/**
 * Revokes a token set in the provider's own way, as its data tells. Where an access token is to prove
 * who asks and is refused, a refresh token gets another one first.
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
    if (!isGone(error) || !refreshToken || shape.by !== 'access_token') throw error;
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
  const namesToken = templatesOf(party, shape).flatMap(fieldsOf).includes('token');
  const fields = {
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

function templatesOf({ server }: Party, { parameters, headers }: RevocationShape): string[] {
  const values = [parameters, headers].flatMap((templates) => Object.values(templates));
  return [server.revocation_endpoint ?? '', ...values];
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
      await assertRevoked(shape, response, life);
      return true;
    } catch (error) {
      throw asOAuthFailure(error, life);
    }
  };
  const namesSecret = templatesOf(party, shape).flatMap(fieldsOf).includes('client_secret');
  const isClients = shape.by === 'client' || shape.by === 'client_secret_basic' || namesSecret;
  return isClients ? party.authenticated(send) : send(oauth.None());
}

/** @throws OAuthFailure */
async function assertRevoked(
  { by, gone }: RevocationShape,
  response: Response,
  life: Party['provider']['life'],
): Promise<void> {
  const { error } = (await mendTokenAnswer(response)).told;
  const { ok, status } = response;
  if (ok && error === undefined) return;
  if (gone.includes(status)) throw ofStatus(response, 'user', error);
  if (status === 401) {
    throw by === 'access_token'
      ? ofStatus(response, 'user')
      : ofStatus(response, 'operator', 'invalid_client');
  }
  throw error === undefined ? ofStatus(response, 'invalid') : failureSaying(error, response, life);
}

function isGone(error: unknown): boolean {
  return error instanceof OAuthFailure && error.kind === 'user';
}
