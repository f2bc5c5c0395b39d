import assert from 'node:assert/strict';
import { authorizeDevice, pollDeviceCode } from '../../src/oauth/device-authorization.ts';
import { conversation } from './conversation.ts';
import { idTokenWith } from './parties.ts';

const codes = {
  device_code: 'the-device-code',
  user_code: 'BCDF-GHJK',
  verification_uri: 'https://one.example/device',
  expires_in: 600,
};
const tokens = { access_token: 'a', token_type: 'Bearer', expires_in: 300 };

describe('a device authorization request', () => {
  const begin = (body: unknown, init?: ResponseInit) => {
    const { party, asked } = conversation(() => Response.json(body, init));
    return { asked, begun: authorizeDevice(party, ['read', 'write']) };
  };

  it('asks for the scopes, as the client', async () => {
    const { asked, begun } = begin(codes);
    assert.deepEqual(await begun, {
      deviceCode: 'the-device-code',
      userCode: 'BCDF-GHJK',
      verificationUri: 'https://one.example/device',
      expiresInSeconds: 600,
      intervalSeconds: 5,
    });
    const [{ path, body } = assert.fail()] = asked;
    assert.equal(path, '/device');
    assert.deepEqual(Object.fromEntries(body), { client_id: 'client', scope: 'read write' });
  });

  it('takes the names and the text for numbers that some providers send', async () => {
    const { verification_uri: verification_url, ...rest } = codes;
    const { begun } = begin({ ...rest, verification_url, expires_in: '1800', interval: '7' });
    const { verificationUri, expiresInSeconds, intervalSeconds } = await begun;
    assert.deepEqual(
      [verificationUri, expiresInSeconds, intervalSeconds],
      [verification_url, 1_800, 7],
    );
  });

  it('is good for an hour at most, and asked after every two minutes at least', async () => {
    const { expiresInSeconds, intervalSeconds } = await begin({
      ...codes,
      expires_in: 1e9,
      interval: 1e9,
    }).begun;
    assert.deepEqual([expiresInSeconds, intervalSeconds], [3_600, 120]);
  });

  for (const interval of [0, -1, 'soon', null, Number.MAX_VALUE * 2]) {
    it(`is asked after every five seconds where the interval is ${interval}`, async () => {
      assert.equal((await begin({ ...codes, interval }).begun).intervalSeconds, 5);
    });
  }

  it('fails as the provider says, also where it says so with 200', async () => {
    const error = { error: 'unauthorized_client' };
    for (const status of [200, 400]) {
      const { begun } = begin(error, { status });
      await assert.rejects(begun, { kind: 'operator', providerError: 'unauthorized_client' });
    }
    await assert.rejects(begin(codes, { status: 503 }).begun, { kind: 'transient' });
  });

  for (const [what, patch] of Object.entries({
    'plain http': { verification_uri: 'http://one.example/device' },
    'no user code': { user_code: '' },
    'a user code in another script': { user_code: 'АВС' },
    'no life': { expires_in: 'never' },
  })) {
    it(`is refused with ${what}`, async () => {
      await assert.rejects(begin({ ...codes, ...patch }).begun, { kind: 'invalid' });
    });
  }

  it('is not sent to a provider that has no endpoint for it', async () => {
    const { party, asked } = conversation();
    const { device_authorization_endpoint: _none, ...server } = party.server;
    await assert.rejects(authorizeDevice({ ...party, server }, []), {
      code: 'provider_misconfigured',
    });
    assert.deepEqual(asked, []);
  });
});

describe('a poll with a device code', () => {
  const poll = (body: unknown, init?: ResponseInit) => {
    const { party, asked } = conversation(() => Response.json(body, init));
    const secrets = { deviceCode: 'the-device-code' };
    return { asked, polled: pollDeviceCode(party, secrets, () => true) };
  };

  it('sends the code in the body, and gives what comes', async () => {
    const { asked, polled } = poll({ ...tokens, id_token: idTokenWith({}) });
    const answer = await polled;
    assert.ok(answer.kind === 'given');
    assert.equal(answer.given.claims?.sub, 'ada');
    assert.deepEqual(Object.fromEntries(asked[0]?.body ?? []), {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: 'the-device-code',
      client_id: 'client',
    });
  });

  // GitHub says all of it with 200.
  for (const status of [200, 400]) {
    for (const [error, kind] of [
      ['authorization_pending', 'pending'],
      ['slow_down', 'slow_down'],
      ['access_denied', 'over'],
      ['expired_token', 'over'],
      ['invalid_grant', 'over'],
    ]) {
      it(`is ${kind} by ${error} with ${status}`, async () => {
        assert.equal((await poll({ error }, { status }).polled).kind, kind);
      });
    }
  }

  it('may bring more later where the provider is down, whatever it says besides', async () => {
    for (const error of ['authorization_pending', 'access_denied', 'expired_token']) {
      await assert.rejects(poll({ error }, { status: 503 }).polled, { kind: 'transient' });
    }
  });

  for (const [what, patch] of Object.entries({
    'tokens that are no Bearer tokens': { token_type: 'mac' },
    'an ID token for another client': { id_token: idTokenWith({ aud: 'other' }) },
    'an ID token of another issuer': { id_token: idTokenWith({ iss: 'https://two.example' }) },
    'an ID token that has expired': { id_token: idTokenWith({ exp: 1 }) },
  })) {
    it(`is over with ${what}, which are revoked`, async () => {
      const { asked, polled } = poll({ ...tokens, refresh_token: 'r', ...patch });
      const answer = await polled;
      assert.ok(answer.kind === 'over');
      assert.equal(answer.error.code, 'provider_answer_invalid');
      const revoked = asked.slice(1).map(({ path, body }) => [path, body.get('token')]);
      assert.deepEqual(revoked, [
        ['/revoke', 'r'],
        ['/revoke', 'a'],
      ]);
    });
  }
});
