import type Provider from 'oidc-provider';

/** A step in the provider's handling of a request; it runs before oidc-provider's own. */
export type Middleware = Parameters<Provider['use']>[0];

/** The request as a step sees it. */
export type Context = Parameters<Middleware>[0];
