import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import Provider, { type ClientMetadata } from 'oidc-provider';
import { type LocalServer, listen } from '../http/local-server.ts';
import { api } from './api.ts';
import { createConfiguration, standardClients } from './configuration.ts';
import { type Control, controlRoutes, createControl } from './control.ts';
import { counting, createCounters } from './counters.ts';
import { addTokenExchange } from './exchange.ts';
import { Faults } from './faults.ts';
import { interactions } from './interactions.ts';
import { addJwtBearer } from './jwt-bearer.ts';
import { Proofs } from './proofs.ts';
import { RequestLog } from './requests.ts';
import { serviceClients } from './services.ts';
import { defaultSettings, type Settings } from './settings.ts';
import { Store } from './store.ts';

export interface ProviderOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Of the two confidential clients; made up when not given. */
  readonly clientSecret?: string;
  /** Allowed exactly; without them any `http` URI on loopback is allowed. */
  readonly redirectUris?: readonly string[];
  readonly accessTokenSeconds?: number;
  readonly extraClients?: readonly ClientMetadata[];
}

export interface SandboxProvider extends LocalServer, Control {
  readonly clientSecret: string;
}

/**
 * An OpenID provider and the API behind it, for development: real protocol, real pages, nothing
 * kept. Its issuer is its `url`. Clients: `strongroom-sandbox` (client_secret_basic),
 * `strongroom-sandbox-post` and the public `strongroom-sandbox-public`. See README.md.
 */
export async function startProvider(options: ProviderOptions): Promise<SandboxProvider> {
  const clientSecret = options.clientSecret ?? randomBytes(32).toString('base64url');
  const settings: Settings = {
    ...defaultSettings,
    accessTokenSeconds: options.accessTokenSeconds ?? defaultSettings.accessTokenSeconds,
  };
  const store = new Store(settings);
  const counters = createCounters();
  const faults = new Faults();
  const requests = new RequestLog();
  const control = createControl({ counters, settings, store, faults, requests });

  // The issuer holds the port, so the port comes first.
  let handle: RequestListener = (_request, response) => void response.writeHead(503).end();
  const server = await listen(
    createServer((request, response) => handle(request, response)),
    options.port,
  );
  const redirectUris = options.redirectUris ?? ['http://127.0.0.1/'];
  const clients = [
    ...standardClients(clientSecret, redirectUris),
    ...serviceClients,
    ...(options.extraClients ?? []),
  ];
  const provider = new Provider(server.url, await createConfiguration(settings, store, clients));
  provider.silent = true;
  addTokenExchange(provider);
  addJwtBearer(provider);
  if (options.redirectUris === undefined) allowLoopbackRedirects(provider);
  provider.on('grant.success', ({ oidc }) => {
    const grantId = oidc.entities.Grant?.jti;
    if (oidc.params?.['grant_type'] === 'refresh_token' && grantId) store.countRefresh(grantId);
  });
  const steps = [
    requests.middleware(),
    controlRoutes(control),
    counting(provider, counters),
    faults.middleware(),
    interactions(provider),
    api(provider, new Proofs(settings, server.url)),
  ];
  for (const step of steps) provider.use(step);
  handle = provider.callback();

  return { ...server, ...control, clientSecret };
}

/** Lets a test listen on any port, as RFC 8252 (section 7.3) lets native apps. */
function allowLoopbackRedirects(provider: Provider): void {
  provider.Client.prototype.redirectUriAllowed = (uri) => {
    const { protocol, hostname } = new URL(uri);
    return protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
  };
}
