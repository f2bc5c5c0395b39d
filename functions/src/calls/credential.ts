import type { ClientCertificate } from '../egress/certificate.ts';
import { StrongroomError } from '../errors.ts';
import { type DpopKey, proofFor } from '../oauth/dpop.ts';
import type { TokenSet } from '../oauth/token-set.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { fieldsOf, fill } from '../providers/template.ts';

/** What goes with a call so that the API knows whose it is. */
export interface Credential {
  /** By their names in lower case; of a single request: `headersFor`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [name: string, value: string])[];
  /** What must not be seen in an answer. */
  readonly secrets: readonly string[];
  /** Where the token is bound to a key: what proves with each request that we have it. */
  readonly binding?: { readonly key: DpopKey; readonly accessToken: string };
  /** Where it is bound to the app's certificate (RFC 8705 §3): the API is shown that as well. */
  readonly certificate?: ClientCertificate | undefined;
}

type Placing = Pick<Provider, 'id' | 'credential'> & {
  readonly certificateBoundTokens?: boolean;
  readonly clientCertificate?: ClientCertificate;
};

/**
 * The credential of a connection, as the provider's settings place it: a Bearer token in the header
 * `authorization` (RFC 6750 §2.1) unless they say otherwise; one that is bound to a key by RFC 9449
 * §7.1.
 *
 * @throws StrongroomError `provider_answer_invalid`: a field is missing, or no header takes it.
 */
export function credentialOf(
  { id, credential, certificateBoundTokens, clientCertificate }: Placing,
  {
    accessToken,
    extra = {},
    credentials = {},
    dpopKey,
  }: Pick<TokenSet, 'accessToken' | 'extra' | 'credentials' | 'dpopKey'>,
): Credential {
  const certificate = certificateBoundTokens === true ? clientCertificate : undefined;
  if (dpopKey !== undefined) {
    return {
      certificate,
      headers: { authorization: `DPoP ${accessToken}` },
      query: [],
      secrets: [accessToken],
      binding: { key: dpopKey, accessToken },
    };
  }
  const given = { ...extra, ...credentials };
  const fields: Readonly<Record<string, string>> = { ...given, access_token: accessToken };
  // What a user gave that is no secret stands in `extra` as well.
  const isShown = (name: string) => Object.hasOwn(credentials, name) && Object.hasOwn(extra, name);
  const hidden = Object.keys(credentials).filter((name) => !isShown(name));
  const secrets = new Set([accessToken, ...hidden.flatMap((name) => credentials[name] ?? [])]);
  const filled = (template: string): string => {
    const value = fill(template, fields);
    if (value === undefined || !visible.test(value)) {
      throw new StrongroomError(
        'provider_answer_invalid',
        `The credential of the provider ${id} cannot be put together as its settings say ` +
          "(credential). The app's team must look at them.",
      );
    }
    for (const name of fieldsOf(template)) if (!isShown(name)) secrets.add(fields[name] ?? '');
    return value;
  };
  const filledOf = (templates: Readonly<Record<string, string>>) =>
    Object.entries(templates).map(([name, template]) => [name, filled(template)] as const);
  return {
    headers: Object.fromEntries(filledOf(credential.headers)),
    query: filledOf(credential.query),
    secrets: [...secrets],
    certificate,
  };
}

const visible = /^[\x20-\x7e]+$/;

/** The headers of one request, whose proof no other may use. Every sending needs its own. */
export async function headersFor(
  { headers, binding }: Credential,
  method: string,
  url: URL,
): Promise<Credential['headers']> {
  if (binding === undefined) return headers;
  const { key, accessToken } = binding;
  return { ...headers, dpop: await proofFor(key, { method, url, accessToken }) };
}

/**
 * Adds what goes into the URL; callers have been refused parameters of these names. Their own query
 * stays as they wrote it.
 */
export function withCredential(url: URL, { query }: Credential): URL {
  for (const [name, value] of query) {
    const own = new URLSearchParams([[name, value]]);
    url.search = url.search === '' ? `${own}` : `${url.search}&${own}`;
  }
  return url;
}
