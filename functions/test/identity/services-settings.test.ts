import assert from 'node:assert/strict';
import { StrongroomError } from '../../src/errors.ts';
import { parseSettings } from '../../src/providers/settings.ts';

const issuer = 'https://id.example';
const audience = 'https://api.example/v1';
const parse = (services: unknown) =>
  parseSettings(
    new TextEncoder().encode(
      JSON.stringify({
        app: { redirectUri: 'https://app.example/cb', returnTo: ['https://app.example/'] },
        providers: {},
        services,
      }),
    ),
    false,
  );

describe('the settings of services', () => {
  it('ask for the strictest where they say nothing', () => {
    assert.deepEqual(parse([{ issuer, audience }]).services, [
      { issuer, audience, typ: 'at+jwt', clientClaim: 'client_id', scopesFrom: 'token' },
    ]);
    assert.equal(parse(undefined).services, undefined);
  });

  const wrong: Readonly<Record<string, readonly [services: unknown, field: string]>> = {
    'no issuer': [[{ audience }], 'services.0.issuer'],
    'no audience': [[{ issuer }], 'services.0.audience'],
    'an empty audience': [[{ issuer, audience: '' }], 'services.0.audience'],
    'an issuer without TLS': [[{ issuer: 'http://id.example', audience }], 'services.0.issuer'],
    'keys without TLS': [
      [{ issuer, audience, jwksUri: 'http://id.example/keys' }],
      'services.0.jwksUri',
    ],
    'the issuer of ID tokens of Firebase': [
      [{ issuer: 'https://securetoken.google.com/project', audience }],
      'services.0.issuer',
    ],
    'the issuer of session cookies': [
      [{ issuer: 'https://session.firebase.google.com/project', audience }],
      'services.0.issuer',
    ],
    'the same issuer twice': [
      [
        { issuer, audience },
        { issuer, audience: 'https://other.example' },
      ],
      'services',
    ],
    'a symmetric algorithm': [
      [{ issuer, audience, algorithms: ['HS256'] }],
      'services.0.algorithms.0',
    ],
    'no signature': [[{ issuer, audience, algorithms: ['none'] }], 'services.0.algorithms.0'],
    'no algorithm': [[{ issuer, audience, algorithms: [] }], 'services.0.algorithms'],
    'a scope that nothing needs': [
      [{ issuer, audience, clients: { backend: ['connections.*'] } }],
      'services.0.clients.backend.0',
    ],
    'scopes from clients that are not named': [
      [{ issuer, audience, scopesFrom: 'clients' }],
      'services.0',
    ],
    'a claim that anybody could fill': [
      [{ issuer, audience, clientClaim: 'email' }],
      'services.0.clientClaim',
    ],
    'a field that is not known': [[{ issuer, audience, trust: true }], 'services.0.trust'],
  };
  for (const [what, [services, field]] of Object.entries(wrong)) {
    it(`are refused with ${what}, by its place`, () => {
      assert.throws(
        () => parse(services),
        (error) =>
          error instanceof StrongroomError &&
          error.code === 'settings_invalid' &&
          assert.equal(error.details.field, field) === undefined,
      );
    });
  }
});
