import { apiOf } from '../../calls/api-base.ts';
import { credentialOf, headersFor } from '../../calls/credential.ts';
import { formsOf, redactBytes } from '../../calls/redact.ts';
import type { Egress } from '../../egress/egress.ts';
import { StrongroomError } from '../../errors.ts';
import type { Party } from '../../oauth/party.ts';
import type { TokenSet } from '../../oauth/token-set.ts';
import { requestUserinfo, userinfoOf } from '../../oauth/userinfo.ts';
import { memberOf } from '../../platform/member.ts';
import { isNamed } from '../../providers/hosts.ts';
import type { ProfileSettings } from '../../providers/profile-schema.ts';
import type { Provider } from '../../providers/settings-schema.ts';
import { fillUrl } from '../../providers/template.ts';
import { askApi, withNonce } from './ask-api.ts';

/** Who is asked whose an account is. The settings' own endpoint goes before userinfo. */
export type ProfileSource =
  | { readonly kind: 'endpoint'; readonly url: URL; readonly profile: ProfileSettings }
  | { readonly kind: 'userinfo'; readonly url: URL };

/** Undefined: nobody tells. Userinfo tells an OpenID provider's tokens with the scope `openid` only. */
export function profileSourceOf(
  { provider, server }: Party,
  tokenSet: TokenSet,
): ProfileSource | undefined {
  const { profile } = provider;
  if (profile !== undefined) {
    return { kind: 'endpoint', url: addressOf(provider, profile, tokenSet), profile };
  }
  const isToldOf = provider.kind === 'oauth2' || tokenSet.scopes.includes('openid');
  const url = URL.parse(server.userinfo_endpoint ?? '');
  return isToldOf && url !== null ? { kind: 'userinfo', url } : undefined;
}

function addressOf(provider: Provider, { endpoint }: ProfileSettings, tokenSet: TokenSet): URL {
  if (!endpoint.includes('{') && !endpoint.startsWith('/')) return new URL(endpoint);
  const { base } = apiOf(provider, tokenSet);
  const template = endpoint.startsWith('/')
    ? base.origin + base.pathname.replace(/\/$/, '') + endpoint
    : endpoint;
  const url = fillUrl(template, tokenSet.extra ?? {});
  if (url !== undefined && (url.origin === base.origin || isNamed(url, provider.apiHosts))) {
    return url;
  }
  throw new StrongroomError(
    'provider_answer_invalid',
    `It is not known where the provider ${provider.id} tells whose an account is. The app's team ` +
      'must look at its settings (profile.endpoint).',
  );
}

/**
 * Sends the request, to that address and no other.
 *
 * @throws EgressError
 */
export function askProfile(
  egress: Egress,
  party: Party,
  source: ProfileSource,
  tokenSet: TokenSet,
): Promise<Response> {
  const { provider } = party;
  const { url } = source;
  if (source.kind === 'endpoint')
    return askApi(egress, provider, { ...source.profile, url }, tokenSet);
  return withNonce(tokenSet, url, async () => {
    const isBound = tokenSet.dpopKey !== undefined;
    const headers = isBound ? await headersFor(credentialOf(provider, tokenSet), 'GET', url) : {};
    return requestUserinfo(party, tokenSet.accessToken, headers);
  });
}

/**
 * Reads its answer, with asterisks where it repeats the credential.
 *
 * @param subject the ID token's, which userinfo must repeat (OpenID Connect Core 1.0 §5.3.2).
 * @throws where it is no profile: what it says must not be used.
 */
export async function readProfile(
  party: Party,
  source: ProfileSource,
  response: Response,
  { tokenSet, subject }: { readonly tokenSet: TokenSet; readonly subject: string | undefined },
): Promise<unknown> {
  const told =
    source.kind === 'userinfo'
      ? await userinfoOf(party, response, subject)
      : JSON.parse(await response.text());
  const bytes = Buffer.from(JSON.stringify(told));
  for (const secret of credentialOf(party.provider, tokenSet).secrets) {
    // Whose it is may have to stand beside the token, and is no secret for that.
    const isSubject = isKept(tokenSet, secret) && secret === subjectIn(told, source);
    if (!isSubject) redactBytes(bytes, formsOf(secret));
  }
  const shown: unknown = JSON.parse(bytes.toString('utf8'));
  return shown;
}

function isKept({ accessToken, extra = {} }: TokenSet, secret: string): boolean {
  return secret !== accessToken && Object.values(extra).includes(secret);
}

function subjectIn(told: unknown, source: ProfileSource): string | undefined {
  const path = source.kind === 'endpoint' ? source.profile.map['sub'] : undefined;
  const subject = path === undefined ? undefined : memberOf(told, path);
  return subject === undefined ? undefined : String(subject);
}
