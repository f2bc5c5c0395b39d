import type { Entry } from '../../functions/src/providers/entry-schema.ts';
import { expand } from '../../functions/src/providers/expand.ts';
import { isRecord } from '../http/body.ts';
import { withMovedAddresses } from './addresses.ts';
import { type Behaviour, givesTokens, withMovedSamples } from './behaviour.ts';
import { givenCredentials } from './given-credentials.ts';
import { parseProvider } from './parse-provider.ts';
import { type Registration, register } from './registration.ts';
import { scaled } from './scale.ts';

export interface SimulateOptions {
  /** Where the simulator listens: `http://127.0.0.1:<port>`. */
  readonly origin: string;
  /** The app's redirect URI. */
  readonly redirectUri: string;
  /** Values for its variables. Default: each one's example, of those that users do not say. */
  readonly variables?: Readonly<Record<string, string>>;
  /** How long durations are, as a part of the real ones. Default: 1. */
  readonly scale?: number;
}

/** An entry of the catalogue as a provider on this machine. */
export interface Simulated {
  /** For the team's settings: the entry's, with every `https://HOST/…` at `${origin}/HOST/…`. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly behaviour: Behaviour;
}

/**
 * Takes an entry of the catalogue to this machine, with an app registered that nobody else knows.
 *
 * @throws Error where the entry is not valid settings.
 */
export function simulate(entry: Entry, options: SimulateOptions): Simulated {
  const { origin, redirectUri, scale = 1 } = options;
  const registration = register(entry.provider.kind === 'jwt-bearer' ? 'RSA' : 'EC');
  const expanded = expand(
    { catalogue: 'simulated', variables: variablesOf(entry, 'app', options.variables) },
    () => entry,
  );
  if ('wrong' in expanded) throw new Error(`${expanded.wrong.field} ${expanded.wrong.why}.`);
  const moved = scaled(withMovedAddresses(origin, expanded.entry), scale);
  if (!isRecord(moved)) throw new Error('The entry has no provider.');
  const settings = { ...moved, ...ownOf(moved, registration) };
  const provider = parseProvider(settings);
  return {
    settings,
    behaviour: {
      origin,
      provider,
      registration,
      redirectUri,
      samples: withMovedSamples(origin, provider, shorter(entry.samples, scale)),
      credentials: givenCredentials(provider, registration),
      variables: variablesOf(entry, 'user', options.variables),
    },
  };
}

function shorter(samples: Entry['samples'], scale: number): Entry['samples'] {
  const all = Object.entries(samples).map(([name, sample]) => {
    return [name, { ...sample, body: scaled(sample?.body, scale) }] as const;
  });
  return Object.fromEntries(all);
}

function variablesOf(
  { variables }: Entry,
  by: 'app' | 'user',
  given: SimulateOptions['variables'] = {},
): Readonly<Record<string, string>> {
  const own = Object.entries(variables).filter(([, variable]) => variable.by === by);
  return Object.fromEntries(own.map(([name, { example }]) => [name, given[name] ?? example]));
}

/** What a team adds: the registration of its app, as the provider wants to be shown it. */
function ownOf(
  settings: Readonly<Record<string, unknown>>,
  { clientId, clientSecret, keyId, privateKey }: Registration,
): Readonly<Record<string, unknown>> {
  const { kind, fields, clientAuthentication = 'client_secret_basic' } = settings;
  // Who hands over credentials brings his own registration.
  if (kind === 'api-key' || kind === 'basic' || fields !== undefined) return {};
  const keys = [{ privateKey, kid: keyId }];
  if (kind === 'jwt-bearer') return { clientId, assertionKeys: keys };
  switch (clientAuthentication) {
    case 'none':
      return { clientId };
    case 'private_key_jwt':
    case 'signed_client_secret':
      return { clientId, clientKeys: keys };
    default:
      return { clientId, clientSecrets: [clientSecret] };
  }
}

/** Whether the provider ends grants on request. */
export function offersRevocation({ provider, samples }: Pick<Behaviour, 'provider' | 'samples'>) {
  if (!givesTokens(provider)) return false;
  const isDiscovered = provider.kind === 'oidc' && samples.revocation !== undefined;
  return provider.revocationEndpoint !== undefined || isDiscovered;
}
