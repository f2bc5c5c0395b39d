import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Simulator } from '../../simulator/simulator.ts';
import { entryOf, refusalOf, start, stopAll } from './fixture.ts';

/** What such a JWT says, and who signs it. */
interface Assertion {
  readonly issuer?: string;
  readonly audience?: string;
  readonly seconds?: number;
  readonly key?: ReturnType<typeof createPrivateKey>;
  readonly alg: string;
}

function signed({ behaviour, url }: Simulator, assertion: Assertion): Promise<string> {
  const { clientId, privateKey } = behaviour.registration;
  const { issuer = clientId, audience = `${url}/login.example.com/token` } = assertion;
  const { seconds = 60, alg, key = createPrivateKey(privateKey) } = assertion;
  return new SignJWT({})
    .setProtectedHeader({ alg })
    .setIssuer(issuer)
    .setSubject(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1_000) + seconds)
    .sign(key);
}

const wrong: Readonly<Record<string, Omit<Assertion, 'alg'>>> = {
  'of another issuer': { issuer: 'somebody' },
  'for another audience': { audience: 'https://elsewhere.example.com' },
  'that has expired': { seconds: -60 },
};

describe('a simulated provider that knows clients by a signature', () => {
  afterEach(stopAll);

  const ec = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const ways = { private_key_jwt: 'client_assertion', signed_client_secret: 'client_secret' };
  for (const [method, parameter] of Object.entries(ways)) {
    const begin = async () => {
      const { simulator } = await start(entryOf({ clientAuthentication: method }));
      const ask = async (assertion: Omit<Assertion, 'alg'>) => {
        const jwt = await signed(simulator, { alg: 'ES256', ...assertion });
        const { clientId } = simulator.behaviour.registration;
        const body = new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: 'unknown',
          client_id: clientId,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          [parameter]: jwt,
        });
        const address = `${simulator.url}/login.example.com/token`;
        return refusalOf(fetch(address, { method: 'POST', body }));
      };
      return ask;
    };
    const all = { ...wrong, 'that another key signed': { key: ec() } };
    for (const [what, assertion] of Object.entries(all)) {
      it(`refuses a JWT ${what}: ${method}`, async () => {
        const ask = await begin();
        assert.equal(await ask(assertion), '401 invalid_client');
        assert.equal(await ask({}), '400 invalid_grant');
      });
    }
  }
});

describe('a simulated provider that gives tokens for an assertion', () => {
  afterEach(stopAll);

  const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const machine = (quirks: readonly string[] = []) =>
    entryOf({
      kind: 'jwt-bearer',
      authorizationEndpoint: undefined,
      scopes: undefined,
      quirks,
    });

  const all = { ...wrong, 'that another key signed': { key: rsa() } };
  for (const [what, assertion] of Object.entries(all)) {
    it(`refuses one ${what}`, async () => {
      const { simulator } = await start(machine());
      const ask = async (made: Omit<Assertion, 'alg'>) =>
        fetch(`${simulator.url}/login.example.com/token`, {
          method: 'POST',
          body: new URLSearchParams({
            grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
            assertion: await signed(simulator, { alg: 'RS256', ...made }),
          }),
        });
      assert.equal(await refusalOf(ask(assertion)), '400 invalid_grant');
      assert.equal((await ask({})).status, 200);
    });
  }

  it('refuses one in a form where it goes as Bearer, and takes it there', async () => {
    const { simulator } = await start(machine(['assertion-as-bearer']));
    const address = `${simulator.url}/login.example.com/token`;
    const assertion = await signed(simulator, { alg: 'RS256' });
    const form = { method: 'POST', body: new URLSearchParams({ assertion }) };
    assert.equal(await refusalOf(fetch(address, form)), '400 invalid_grant');
    const headers = { authorization: `Bearer ${assertion}` };
    assert.equal((await fetch(address, { method: 'POST', headers })).status, 200);
  });
});
