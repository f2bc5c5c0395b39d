import { decodeJwt } from 'jose';
import type { Egress } from '../egress/egress.ts';
import { fetchThrough } from '../egress/fetch.ts';
import type { Clock } from '../platform/clock.ts';
import type { SettingsReader } from '../providers/settings.ts';
import {
  type AccessToken,
  type AccessTokenVerifier,
  createAccessTokenVerifier,
} from './access-token.ts';
import { BearerRefusal } from './bearer.ts';
import {
  firebaseIssuer,
  type ServiceScope,
  type ServiceSettings,
  serviceScopes,
} from './service-settings.ts';

/** A client of an authorization server that the settings name, as its access token tells. */
export interface Service {
  readonly issuer: string;
  /** Its name there. */
  readonly client: string;
  readonly scopes: ReadonlySet<ServiceScope>;
}

interface ServicesDependencies {
  readonly settings: Pick<SettingsReader, 'read'>;
  readonly egress: Egress;
  readonly clock: Pick<Clock, 'now' | 'ticks'>;
  /** Plain http to this machine; sandbox only. */
  readonly allowLoopback: boolean;
}

/** A document of keys, and how long it may take. */
const limits = { timeoutMs: 5_000, maxBytes: 128 * 1_024 };

/**
 * Tells services by their access tokens. Whose token it is says its issuer alone, before anything is
 * believed: one that the settings name is judged as a service's, and as nothing else when that fails.
 *
 * @returns undefined for a token of any other issuer, or none; the settings are not read for those
 *   of Firebase.
 * @throws BearerRefusal, IssuerUnavailable; StrongroomError `settings_invalid`, `unavailable`.
 */
export function createServices({ settings, egress, clock, allowLoopback }: ServicesDependencies) {
  const verifiers = new Map<string, { written: string; verify: AccessTokenVerifier }>();
  const fetch = fetchThrough(egress, limits);

  /** Kept with its keys for as long as the settings of its issuer stay as they are. */
  const verifierOf = (service: ServiceSettings): AccessTokenVerifier => {
    const written = JSON.stringify(service);
    const kept = verifiers.get(service.issuer);
    if (kept?.written === written) return kept.verify;
    const options = { ...service, fetch, clock, allowInsecure: allowLoopback };
    const verify = createAccessTokenVerifier(options);
    verifiers.set(service.issuer, { written, verify });
    return verify;
  };

  return async (token: string): Promise<Service | undefined> => {
    const issuer = issuerOf(token);
    if (issuer === undefined || firebaseIssuer.test(issuer)) return undefined;
    const { services = [] } = await settings.read();
    const service = services.find((one) => one.issuer === issuer);
    if (service === undefined) return undefined;
    return serviceOf(await verifierOf(service)(token), service);
  };
}

export type Services = ReturnType<typeof createServices>;

function issuerOf(token: string): string | undefined {
  try {
    const { iss } = decodeJwt(token);
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined;
  }
}

/** It stands in the audit. */
const isName = (client: string) => client !== '' && client.length <= 256;

function serviceOf(
  { issuer, scopes = [], claims }: AccessToken,
  settings: ServiceSettings,
): Service {
  const { clientClaim, clients, scopesFrom } = settings;
  const client = claims[clientClaim];
  // A person's sign-in is behind it (RFC 9068 §2.2.1): he may be anybody's user, and no service.
  const isPersons = claims['auth_time'] !== undefined;
  if (typeof client !== 'string' || !isName(client) || isPersons) {
    throw new BearerRefusal('The access token is not that of a service.', 'invalid_token');
  }
  const allowed: readonly string[] =
    clients === undefined
      ? serviceScopes
      : Object.hasOwn(clients, client)
        ? (clients[client] ?? [])
        : [];
  const given = scopesFrom === 'clients' ? allowed : scopes;
  const has = (scope: ServiceScope) => allowed.includes(scope) && given.includes(scope);
  return { issuer, client, scopes: new Set(serviceScopes.filter(has)) };
}
