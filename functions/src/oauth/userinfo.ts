import * as oauth from 'oauth4webapi';
import { verifySignature } from './id-token.ts';
import type { Party } from './party.ts';

/**
 * Asks the userinfo endpoint (OpenID Connect Core 1.0 §5.3.1).
 *
 * @param headers of the credential, which replace the library's own.
 */
export async function requestUserinfo(
  party: Party,
  accessToken: string,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const { server, client, transport } = party;
  const send = transport[oauth.customFetch];
  const options: oauth.UserInfoRequestOptions = {
    ...transport,
    [oauth.customFetch]: (url, init) =>
      send(url, { ...init, headers: { ...init.headers, ...headers } }),
  };
  return oauth.userInfoRequest(server, client, accessToken, options);
}

/**
 * Reads its answer, the signature of one that is signed included. With a subject that is not the ID token's it must not be used (§5.3.2).
 *
 * @param subject the ID token's; undefined where there is none.
 * @throws what `oauth4webapi` throws.
 */
export async function userinfoOf(
  { provider, server, client, idTokenKeys }: Party,
  response: Response,
  subject: string | undefined,
): Promise<oauth.UserInfoResponse> {
  const expected = subject ?? oauth.skipSubjectCheck;
  const text = await response.clone().text();
  const claims = await oauth.processUserInfoResponse(server, client, expected, response);
  const isSigned = /^application\/jwt\b/i.test(response.headers.get('content-type') ?? '');
  const isChecked = 'idTokenSignature' in provider && provider.idTokenSignature === 'required';
  if (isSigned && isChecked && idTokenKeys !== undefined) await verifySignature(text, idTokenKeys);
  return claims;
}
