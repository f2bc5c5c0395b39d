import { WebClient, type WebClientOptions } from '@slack/web-api';
import { type ProxyAccess, proxyFetch } from '../../client/src/proxy-fetch.ts';

/** It asks again after whatever is not 200, for half an hour unless told otherwise. */
const retryConfig = { retries: 0 };

/** Slack, by the connection behind the proxy. */
export function slackOf(access: ProxyAccess, options: WebClientOptions = {}): WebClient {
  const fetch = proxyFetch(access);
  return new WebClient(undefined, { retryConfig, ...options, slackApiUrl: access.proxy, fetch });
}
