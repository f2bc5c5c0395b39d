import assert from 'node:assert/strict';
import { validateResponse } from '../../src/oauth/authorization-code.ts';
import { wiredParty } from './wired.ts';

const authorizationEndpoint = 'https://auth.one.example/authorize';
const answer = { state: 'state', code: 'code' };

describe('the issuer that an answer names', () => {
  for (const iss of [
    'https://auth.one.example',
    'https://auth.one.example/login/oauth',
    'https://one.example',
    'https://eu.auth.one.example/',
  ]) {
    it(`may be ${iss} where nobody has written down another and users are sent to auth.one.example`, async () => {
      const { party } = await wiredParty({ authorizationEndpoint }, {});
      assert.equal(validateResponse(party, { ...answer, iss }).get('code'), 'code');
    });
  }

  for (const iss of [
    'https://two.example',
    'https://other.one.example',
    'https://notauth.one.example',
    'https://example',
    'https://auth.one.example.evil.example',
    'https://auth.one.example:8443',
    'http://auth.one.example',
    'auth.one.example',
    '',
  ]) {
    it(`is that of another provider where it is ${iss || 'empty'}`, async () => {
      const { party } = await wiredParty({ authorizationEndpoint }, {});
      assert.throws(() => validateResponse(party, { ...answer, iss }), { code: 'issuer_mismatch' });
    });
  }

  it('must be the one that is written down, to the letter', async () => {
    const { party } = await wiredParty(
      { authorizationEndpoint, issuer: 'https://one.example/login' },
      {},
    );
    assert.ok(validateResponse(party, { ...answer, iss: 'https://one.example/login' }));
    for (const iss of ['https://one.example', 'https://one.example/login/']) {
      assert.throws(() => validateResponse(party, { ...answer, iss }), { code: 'issuer_mismatch' });
    }
  });
});
