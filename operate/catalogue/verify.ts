import type { Egress } from '../../functions/src/egress/egress.ts';
import { isRecord } from '../../sandbox/http/body.ts';
import type { EntryFile } from './files.ts';
import type { Judged } from './lint/finding.ts';
import { judge } from './lint/judge.ts';

/** Something that was asked, and what is wrong with the answer. */
export interface Verified {
  readonly id: string;
  /** The field. */
  readonly what: string;
  readonly url: string;
  readonly problem?: string;
}

interface VerifyOptions {
  readonly egress: Egress;
  /** How many requests are under way at once. */
  readonly concurrency: number;
  readonly timeoutMs: number;
}

const maxBytes = 500_000;

type Answer = { readonly status: number; readonly body: Uint8Array } | { readonly failure: string };

/** Asks an address; the same one is asked once. */
type Ask = (url: string, method?: 'GET' | 'OPTIONS') => Promise<Answer>;

/**
 * Asks what can be asked without an account: discovery documents and whether they still say what the
 * entry says, and whether its addresses are there. Sends no credential, and changes nothing. Addresses
 * with variables are another for each team and are not asked.
 */
export async function verifyOnline(
  files: readonly EntryFile[],
  options: VerifyOptions,
): Promise<Verified[]> {
  const ask = createAsk(options);
  const found = await Promise.all(
    files.map(async (file) => {
      const judged = judge(file);
      if ('findings' in judged) {
        const problem = 'is not valid: npm run catalogue -- lint';
        return [{ id: file.id, what: '(file)', url: file.path, problem }];
      }
      return [...(await discovered(judged, ask)), ...(await reached(judged, ask))];
    }),
  );
  return found.flat();
}

function createAsk({ egress, concurrency, timeoutMs }: VerifyOptions): Ask {
  const asked = new Map<string, Promise<Answer>>();
  const waiting: (() => void)[] = [];
  let free = concurrency;
  const send = async (url: URL, method: string): Promise<Answer> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      const headers = { accept: 'application/json, text/html;q=0.9, */*;q=0.8' };
      return await egress({ url, method, headers, timeoutMs, maxBytes });
    } catch (error) {
      const kind = error instanceof Error && 'kind' in error ? String(error.kind) : 'unreachable';
      // More than we read came: somebody is there.
      return kind === 'too_large' ? { status: 200, body: new Uint8Array() } : { failure: kind };
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
  return (url, method = 'GET') => {
    const key = `${method} ${url}`;
    const answer = asked.get(key) ?? send(new URL(url), method);
    asked.set(key, answer);
    return answer;
  };
}

/** Where a document says what an entry says as well. */
const metadata: readonly (readonly [field: string, member: string])[] = [
  ['authorizationEndpoint', 'authorization_endpoint'],
  ['tokenEndpoint', 'token_endpoint'],
  ['revocationEndpoint', 'revocation_endpoint'],
  ['introspectionEndpoint', 'introspection_endpoint'],
  ['userinfoEndpoint', 'userinfo_endpoint'],
  ['deviceAuthorizationEndpoint', 'device_authorization_endpoint'],
  ['pushedAuthorizationRequestEndpoint', 'pushed_authorization_request_endpoint'],
  ['jwksUri', 'jwks_uri'],
];

/** What the discovery document says otherwise (OpenID Connect Discovery 1.0 §4.3, RFC 8414 §3.3). */
async function discovered({ id, entry }: Judged, ask: Ask): Promise<Verified[]> {
  const { issuer, kind, scopes, ...fields } = entry.provider;
  if (typeof issuer !== 'string' || issuer.includes('{')) return [];
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const finding = (what: string, problem: string) => ({ id, what, url, problem });
  const answer = await ask(url);
  const document = 'failure' in answer ? undefined : jsonIn(answer.body);
  if (!isRecord(document)) {
    // Endpoints that are written down need no document.
    return kind === 'oidc' ? [finding('issuer', 'gives no discovery document')] : [];
  }
  const drifted = metadata.flatMap(([field, member]) => {
    const [written, told] = [fields[field], document[member]];
    return typeof written !== 'string' || told === undefined || written === told
      ? []
      : [finding(field, `is ${String(told)} by now`)];
  });
  const offered = document['scopes_supported'];
  const missing =
    Array.isArray(offered) && Array.isArray(scopes)
      ? scopes.filter((scope) => !offered.includes(scope))
      : [];
  return [
    document['issuer'] === issuer
      ? { id, what: 'issuer', url }
      : finding('issuer', `is ${String(document['issuer'])} in its own document`),
    ...drifted,
    ...(missing.length > 0 ? [finding('scopes', `${missing.join(' ')} not offered`)] : []),
  ];
}

/** Whether what the entry names is there. */
async function reached({ id, entry }: Judged, ask: Ask): Promise<Verified[]> {
  const asked: [what: string, url: string][] = [];
  for (const [what, url] of Object.entries(entry.provider)) {
    if (!/Endpoint$|^jwksUri$|^apiBaseUrl$/.test(what) || typeof url !== 'string') continue;
    if (!url.includes('{')) asked.push([what, url]);
  }
  if (entry.register?.url !== undefined) asked.push(['register.url', entry.register.url]);
  for (const [index, { url }] of entry.sources.entries()) {
    if (/^https?:/.test(url) && URL.canParse(url)) asked.push([`sources.${index}.url`, url]);
  }
  return Promise.all(
    asked.map(async ([what, url]) => {
      const problem = await problemOf(what, url, ask);
      return { id, what, url, ...(problem !== undefined && { problem }) };
    }),
  );
}

async function problemOf(what: string, url: string, ask: Ask): Promise<string | undefined> {
  const answer = await ask(url);
  if ('failure' in answer) return `does not answer (${answer.failure})`;
  // Nothing has to be at the address that all of an API's begin with.
  if (!isGone(answer) || what === 'apiBaseUrl') return undefined;
  // Some know an endpoint by the method alone.
  const other = what.endsWith('Endpoint') ? await ask(url, 'OPTIONS') : answer;
  return isGone(other) ? `answers ${answer.status}` : undefined;
}

function isGone(answer: Answer): boolean {
  return 'failure' in answer || answer.status === 404 || answer.status === 410;
}

function jsonIn(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
