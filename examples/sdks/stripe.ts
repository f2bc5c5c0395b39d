import Stripe from 'stripe';
import { type ProxyAccess, proxyFetch } from '../../client/src/proxy-fetch.ts';

/** Stripe, by the connection behind the proxy. */
export function stripeOf(access: ProxyAccess): Stripe {
  const fetch = proxyFetch({ ...access, api: 'https://api.stripe.com' });
  return new Stripe('held-by-the-vault', { httpClient: Stripe.createFetchHttpClient(fetch) });
}
