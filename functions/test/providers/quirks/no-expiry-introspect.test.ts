import assert from 'node:assert/strict';
import { withToldEnd } from '../../../src/oauth/introspection.ts';
import { wiredParty } from '../../oauth/wired.ts';
import { bearsHostileAnswers } from './hostile.ts';

const obtainedAt = Date.parse('2026-11-22T12:00:00Z');
const tokenSet = { accessToken: 'new access', tokenType: 'bearer', scopes: [], obtainedAt };
const introspectionEndpoint = 'https://one.example/introspect';
const answered = {
  headers: { date: new Date(obtainedAt).toUTCString() },
  body: { active: true, exp: obtainedAt / 1_000 + 7_200 },
};

describe('the quirk no-expiry-introspect', () => {
  it('asks for the end that no answer tells, as life.introspect does', async () => {
    for (const entry of [{ quirks: ['no-expiry-introspect'] }, { life: { introspect: true } }]) {
      const { party, sent } = await wiredParty({ ...entry, introspectionEndpoint }, answered);
      const { expiresAt } = await withToldEnd(party, tokenSet);
      assert.equal(expiresAt, obtainedAt + 7_200_000);
      assert.equal(sent[0]?.url, introspectionEndpoint);
    }
  });

  it('asks nothing where the end is known, and without it nothing at all', async () => {
    const quirks = ['no-expiry-introspect'];
    const [named, plain] = await Promise.all([
      wiredParty({ quirks, introspectionEndpoint }, answered),
      wiredParty({ introspectionEndpoint }, answered),
    ]);
    const known = { ...tokenSet, expiresAt: obtainedAt + 1 };
    assert.deepEqual(await withToldEnd(named.party, known), known);
    assert.deepEqual(await withToldEnd(plain.party, tokenSet), tokenSet);
    assert.deepEqual([...named.sent, ...plain.sent], []);
  });

  bearsHostileAnswers('no-expiry-introspect');
});
