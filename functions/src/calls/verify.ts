import { type Egress, EgressError, type IncomingAnswer } from '../egress/egress.ts';
import { retryAfterSecondsOf } from '../egress/retry-after.ts';
import { StrongroomError, unavailable } from '../errors.ts';
import type { TokenSet } from '../oauth/token-set.ts';
import { memberOf } from '../platform/member.ts';
import type { CredentialProvider } from '../providers/credential-fields.ts';
import type { Account } from '../store/documents.ts';
import { apiOf } from './api-base.ts';
import { credentialOf, headersFor, withCredential } from './credential.ts';
import { addressRefused } from './no-answer.ts';
import { urlOf } from './request-url.ts';

/** What an API says of credentials. `account`: whose they are, as far as it told. */
export type Verdict =
  | { readonly kind: 'good'; readonly account: Account }
  | { readonly kind: 'refused' };

/**
 * Tries credentials at the API, by the one request that the provider's data names for it.
 *
 * @returns undefined where it names none.
 * @throws StrongroomError `unavailable`; `provider_answer_invalid` where neither yes nor no is said.
 */
export type Verify = (
  provider: CredentialProvider,
  tokenSet: TokenSet,
) => Promise<Verdict | undefined>;

const limits = { timeoutMs: 10_000, maxBytes: 250_000 } as const;

export function createVerify(egress: Egress): Verify {
  const ask = async (
    provider: CredentialProvider,
    tokenSet: TokenSet,
    method: string,
    path: string,
  ) => {
    const { base } = apiOf(provider, tokenSet);
    const credential = credentialOf(provider, tokenSet);
    // What callers may do is another matter.
    const url = urlOf(
      { provider: { ...provider, methods: ['GET', 'HEAD', 'POST'] }, base },
      { method, path },
    );
    try {
      return await egress({
        url: withCredential(url, credential),
        allowedOrigins: [base.origin],
        method,
        headers: { ...credential.apiHeaders, ...(await headersFor(credential, method, url)) },
        certificate: credential.certificate,
        ...limits,
      });
    } catch (error) {
      if (!(error instanceof EgressError)) throw error;
      throw error.kind === 'refused' ? addressRefused() : unavailable('provider');
    }
  };

  return async (provider, tokenSet) => {
    const { verify } = provider;
    if (verify === undefined) return undefined;
    const answer = await ask(provider, tokenSet, verify.method, verify.path);
    const { status } = answer;
    if (verify.expect.includes(status)) {
      return { kind: 'good', account: accountOf(answer, verify.account) };
    }
    if (verify.refused.includes(status)) return { kind: 'refused' };
    if (status === 429 || status >= 500) {
      const headers = new Headers(answer.headers);
      throw unavailable('provider', retryAfterSecondsOf(headers));
    }
    throw new StrongroomError(
      'provider_answer_invalid',
      `The API of the provider ${provider.id} says neither that the credentials are good nor that they ` +
        "are not (verify). The app's team must look at its settings.",
    );
  };
}

type Paths = NonNullable<CredentialProvider['verify']>['account'];

/** An account as short as one that an ID token tells. */
function accountOf({ body }: IncomingAnswer, paths: Paths): Account {
  let data: unknown;
  try {
    data = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return {};
  }
  const told = Object.entries(paths).flatMap(([name, path]) => {
    const value = memberOf(data, path);
    const isTold = typeof value === 'number' || (typeof value === 'string' && value !== '');
    return isTold ? [[name, String(value).slice(0, 200)] as const] : [];
  });
  return Object.fromEntries(told);
}
