import type { SandboxProvider } from '../../../../sandbox/provider/provider.ts';
import { startGithub } from '../../../../sandbox/upstreams/github.ts';
import { startGoogleDrive } from '../../../../sandbox/upstreams/google-drive.ts';
import { startSalesforce } from '../../../../sandbox/upstreams/salesforce.ts';
import { startSlack } from '../../../../sandbox/upstreams/slack.ts';
import { startSpotify } from '../../../../sandbox/upstreams/spotify.ts';
import { startStripe } from '../../../../sandbox/upstreams/stripe.ts';
import type { Upstream, UpstreamOptions } from '../../../../sandbox/upstreams/upstream.ts';

interface Api {
  readonly start: (options: UpstreamOptions) => Promise<Upstream>;
  /** Where the API begins at its host. */
  readonly path: string;
  /** What the settings of a provider say so that its SDK works unchanged; see docs/calling.md. */
  readonly settings: object;
}

/** The APIs whose SDKs are tried. */
export const apis = {
  github: {
    start: startGithub,
    path: '',
    settings: { requestHeaders: ['x-github-api-version'], allowEncodedSlash: true },
  },
  spotify: { start: startSpotify, path: '/v1', settings: {} },
  slack: { start: startSlack, path: '/api', settings: {} },
  stripe: {
    start: startStripe,
    path: '',
    settings: { requestHeaders: ['stripe-version', 'stripe-account', 'stripe-context'] },
  },
  salesforce: {
    start: startSalesforce,
    path: '',
    settings: {
      apiBaseUrl: '{instance_url}',
      apiHosts: ['*.my.salesforce.com'],
      keep: ['instance_url'],
      requestHeaders: ['sforce-call-options'],
    },
  },
  'google-drive': {
    start: startGoogleDrive,
    path: '',
    settings: {
      requestHeaders: [
        'content-range',
        'x-goog-api-client',
        'x-upload-content-length',
        'x-upload-content-type',
      ],
    },
  },
} as const satisfies Record<string, Api>;

export type ApiName = keyof typeof apis;
export type UpstreamOf<N extends ApiName> = Awaited<ReturnType<(typeof apis)[N]['start']>>;
export type Upstreams = { readonly [N in ApiName]: UpstreamOf<N> };

export async function startUpstreams(options: UpstreamOptions): Promise<Upstreams> {
  return {
    github: await startGithub(options),
    spotify: await startSpotify(options),
    slack: await startSlack(options),
    stripe: await startStripe(options),
    salesforce: await startSalesforce(options),
    'google-drive': await startGoogleDrive(options),
  };
}

/** Where an API is. */
export function addressOf(name: ApiName, upstreams: Upstreams): string {
  return upstreams[name].url + apis[name].path;
}

/** The settings of the suite at that address, with a provider for each API. */
export function settingsAt(
  url: string,
  provider: Pick<SandboxProvider, 'url' | 'clientSecret'>,
  upstreams: Upstreams,
): object {
  const names = Object.keys(apis).filter((name): name is ApiName => name in apis);
  const providers = names.map((name) => [
    name,
    {
      kind: 'oauth2',
      name,
      authorizationEndpoint: `${provider.url}/auth`,
      tokenEndpoint: `${provider.url}/token`,
      revocationEndpoint: `${provider.url}/token/revocation`,
      clientId: 'strongroom-sandbox',
      clientSecrets: [provider.clientSecret],
      scopes: ['profile', 'email', 'offline_access'],
      authorizationParameters: { prompt: 'consent' },
      allowTokenRelease: true,
      apiBaseUrl: addressOf(name, upstreams),
      ...apis[name].settings,
    },
  ]);
  return {
    // Links lead to an origin that stands here.
    app: { redirectUri: `${url}/oauth/callback`, returnTo: [`${url}/`] },
    providers: Object.fromEntries(providers),
    services: [{ issuer: provider.url, audience: `${url}/v1` }],
  };
}
