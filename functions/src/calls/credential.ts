import type { ClientCertificate } from '../egress/certificate.ts';
import { StrongroomError } from '../errors.ts';
import { type DpopKey, proofFor } from '../oauth/dpop.ts';
import type { TokenSet } from '../oauth/token-set.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { fieldsOf, fill } from '../providers/template.ts';

/** What goes with a call so that the API knows whose it is. */
export interface Credential {
  /** Those that go with every call; what the caller may set himself goes above them. */
  readonly apiHeaders: Readonly<Record<string, string>>;
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

type Placing = Pick<Provider, 'id' | 'credential' | 'apiHeaders'> & {
  readonly clientId?: string;
  readonly certificateBoundTokens?: boolean;
  readonly clientCertificate?: ClientCertificate;
};

type Holding = Pick<TokenSet, 'accessToken' | 'extra' | 'credentials' | 'dpopKey'>;

/**
 * The credential of a connection, as the provider's settings place it: a Bearer token in the header
 * `authorization` (RFC 6750 §2.1) unless they say otherwise; one that is bound to a key by RFC 9449
 * §7.1.
 *
 * @throws StrongroomError `provider_answer_invalid`: a field is missing, or no header takes it.
 */
export function credentialOf(provider: Placing, tokenSet: Holding): Credential {
  const { id, certificateBoundTokens, clientCertificate, clientId } = provider;
  const { accessToken, extra = {}, credentials = {}, dpopKey } = tokenSet;
  const known = { ...(clientId !== undefined && { client_id: clientId }), ...extra };
  const common = {
    apiHeaders: Object.fromEntries(filled(id, 'apiHeaders', provider.apiHeaders, known)),
    certificate: certificateBoundTokens === true ? clientCertificate : undefined,
  };
  if (dpopKey !== undefined) {
    return {
      ...common,
      headers: { authorization: `DPoP ${accessToken}` },
      query: [],
      secrets: [accessToken],
      binding: { key: dpopKey, accessToken },
    };
  }
  const fields: Fields = { ...known, ...credentials, access_token: accessToken };
  const { headers, query } = provider.credential;
  const placed = {
    headers: Object.fromEntries(filled(id, 'credential', headers, fields)),
    query: filled(id, 'credential', query, fields),
  };
  const used = [...Object.values(headers), ...Object.values(query)].flatMap(fieldsOf);
  // What a user gave that is no secret stands in `extra` as well. Whose app we are anyone may see.
  const isOpen = (name: string) =>
    Object.hasOwn(credentials, name) ? Object.hasOwn(extra, name) : name === 'client_id';
  const hidden = [...Object.keys(credentials), ...used].filter((name) => !isOpen(name));
  const secrets = new Set([accessToken, ...hidden.flatMap((name) => fields[name] ?? [])]);
  return { ...common, ...placed, secrets: [...secrets] };
}

type Fields = Readonly<Record<string, string>>;

const visible = /^[\x20-\x7e]+$/;

/** By their names, with `{field}` in them put in its place. @throws StrongroomError as above. */
function filled(id: string, setting: string, templates: Fields, fields: Fields) {
  return Object.entries(templates).map(([name, template]) => {
    const value = fill(template, fields);
    if (value !== undefined && visible.test(value)) return [name, value] as const;
    throw new StrongroomError(
      'provider_answer_invalid',
      `The headers and parameters of calls to the provider ${id} cannot be put together as its ` +
        `settings say (${setting}). The app's team must look at them.`,
    );
  });
}

/** For a caller who takes anything, as libraries say by themselves: what the provider's settings ask for. */
export function acceptOver({ apiHeaders }: Pick<Credential, 'apiHeaders'>, stated: unknown) {
  const { accept } = apiHeaders;
  return accept !== undefined && /\*\/\*/.test(String(stated)) ? { accept } : {};
}

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
