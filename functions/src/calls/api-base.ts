import { StrongroomError } from '../errors.ts';
import type { TokenSet } from '../oauth/token-set.ts';
import { isNamed } from '../providers/hosts.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { fillUrl, fixedOriginOf } from '../providers/template.ts';

/** Where one connection's API is. */
export interface Api {
  readonly provider: Provider;
  /** Calls go below it, nowhere else. */
  readonly base: URL;
}

/**
 * The API of a connection: the provider's, with what it or its user told put in. That may lead to
 * the hosts that the settings name and to no other, whatever the provider said.
 *
 * @throws StrongroomError `provider_answer_invalid`: a field is missing, or leads elsewhere.
 */
export function apiOf(provider: Provider, { extra }: Pick<TokenSet, 'extra'>): Api {
  const { apiBaseUrl, apiHosts } = provider;
  if (!apiBaseUrl.includes('{')) return { provider, base: new URL(apiBaseUrl) };
  const base = fillUrl(apiBaseUrl, extra ?? {});
  if (base === undefined) throw invalid(provider, 'did not tell where its API is');
  if (base.origin !== fixedOriginOf(apiBaseUrl) && !isNamed(base, apiHosts)) {
    throw invalid(provider, 'named a host for its API that the settings do not (apiHosts)');
  }
  return { provider, base };
}

function invalid({ id }: Provider, what: string): StrongroomError {
  return new StrongroomError(
    'provider_answer_invalid',
    `The provider ${id} ${what}. The app's team must look at its settings.`,
  );
}
