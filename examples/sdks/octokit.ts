import { Octokit } from 'octokit';
import { type ProxyAccess, proxyFetch } from '../../client/src/proxy-fetch.ts';

type Options = ConstructorParameters<typeof Octokit>[0];

/** GitHub, by the connection behind the proxy. */
export function githubOf(access: ProxyAccess, options: Options = {}): Octokit {
  const request = { fetch: proxyFetch(access) };
  return new Octokit({ ...options, baseUrl: access.proxy, request });
}
