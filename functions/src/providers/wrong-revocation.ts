import type { Settings } from './settings-schema.ts';
import { fieldsOf, hostIn } from './template.ts';
import type { Wrong } from './wrong.ts';
import { givenNamesOf } from './wrong-credentials.ts';
import { keptNamesOf } from './wrong-template.ts';

/** What of `revocationEndpoint` and `revocation` does not fit together, or with the rest. */
export function wrongRevocationOf(provider: Settings['providers'][string]): Wrong | undefined {
  if (!('revocation' in provider)) return undefined;
  const { revocationEndpoint: endpoint, revocation, clientAuthentication, kind } = provider;
  if (revocation === undefined) return undefined;
  const kept = [...keptNamesOf(provider), ...givenNamesOf(provider).shown];
  const holds = (texts: readonly string[], names: readonly string[]) =>
    texts.flatMap(fieldsOf).every((name) => names.includes(name));
  const { method, by, format, parameters, headers } = revocation;
  const templates = [...Object.values(parameters), ...Object.values(headers)];
  const asked = ['token', 'access_token', 'client_id', ...kept];
  const needsSecret =
    by === 'client_secret_basic' || templates.flatMap(fieldsOf).includes('client_secret');
  // By these the client is known by parameters.
  const isSecretSaid =
    Object.values(parameters).flatMap(fieldsOf).includes('client_secret') ||
    (by === 'client' &&
      !/^(?:client_secret_basic|none|.*tls_client_auth)$/.test(clientAuthentication));
  // What a user said in the address is where his tenant is; anywhere else it could be whose grant.
  const named = [...templates.flatMap(fieldsOf), ...fieldsOf(endpoint ?? '')];
  const namesToken =
    by === 'access_token' || ['token', 'access_token'].some((name) => named.includes(name));
  const isSaid = (name: string) => Object.hasOwn(provider.variables, name);
  const brought = 'callbackParameters' in provider ? provider.callbackParameters : [];
  const isBrought = (name: string) => brought.includes(name);
  const isOfAnybody = templates.flatMap(fieldsOf).some(isSaid) || named.some(isBrought);
  const rules: readonly (readonly [isRight: boolean, field: string, why: string])[] = [
    [endpoint !== undefined || kind !== 'oauth2', 'revocationEndpoint', 'is missing'],
    [
      endpoint === undefined || holds([endpoint], asked),
      'revocationEndpoint',
      'must hold only {token}, {access_token}, {client_id} and fields that are kept',
    ],
    [
      fieldsOf(hostIn(endpoint ?? '')).every(isSaid),
      'revocationEndpoint',
      'must hold in its host only what users say (variables): the client is known there',
    ],
    [
      holds(Object.values(parameters), [...asked, 'client_secret']),
      'revocation.parameters',
      `must hold only ${known}`,
    ],
    [
      holds(Object.values(headers), [...asked, 'client_secret']),
      'revocation.headers',
      `must hold only ${known}`,
    ],
    [
      method !== 'GET' || format === 'query',
      'revocation.format',
      'must be query where the method is GET',
    ],
    [
      format !== 'query' || !isSecretSaid,
      'revocation.format',
      'must not be query where the client secret, or an assertion, goes with it: addresses are logged',
    ],
    [
      namesToken || !isOfAnybody,
      'revocation',
      'must name a token beside what users say or bring: the app alone may end the grant of anybody',
    ],
    [
      !needsSecret || /^client_secret/.test(clientAuthentication),
      'revocation',
      'must not need a client secret where clientAuthentication has none',
    ],
    [
      by !== 'access_token' || !('dpop' in provider && provider.dpop),
      'revocation.by',
      'must not be access_token where tokens are bound to a key (dpop)',
    ],
  ];
  const broken = rules.find(([isRight]) => !isRight);
  return broken && { field: broken[1], why: broken[2] };
}

const known = '{token}, {access_token}, {client_id}, {client_secret} and fields that are kept';
