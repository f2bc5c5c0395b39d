import assert from 'node:assert/strict';
import * as v from 'valibot';
import { createTokenCache } from '../../src/calls/access-token.ts';
import { providerSchema } from '../../src/providers/provider-schema.ts';
import type { Opened } from '../../src/refresh/dependencies.ts';
import { createTestClock } from '../harness/clock.ts';

const provider = {
  ...v.parse(providerSchema, {
    ...{ kind: 'oidc', name: 'One', issuer: 'https://id.example', clientId: 'client' },
    apiBaseUrl: 'https://api.example',
  }),
  id: 'one',
};
const request = { uid: 'ada', connectionId: 'c', deadlineAt: Number.POSITIVE_INFINITY };

/** A cache, and how often it had to open. */
function cacheOf(cacheSeconds?: number) {
  const clock = createTestClock();
  let opened = 0;
  const open = async (): Promise<Opened> => {
    opened += 1;
    const tokenSet = {
      ...{ accessToken: 'token', tokenType: 'bearer', scopes: [] },
      obtainedAt: clock.now(),
    };
    return { tokenSet, generation: 1, uid: 'ada', provider };
  };
  const tokens = createTokenCache(open, clock, cacheSeconds);
  return { clock, tokens, openings: () => opened };
}

describe('opened tokens in memory', () => {
  it('are kept for a minute and no longer, however often they are used', async () => {
    const { clock, tokens, openings } = cacheOf();
    for (let second = 0; second < 59; second += 1) {
      await tokens.get(request);
      clock.advance(1_000);
    }
    assert.equal(openings(), 1);
    clock.advance(1_000);
    await tokens.get(request);
    assert.equal(openings(), 2);
  });

  it('are kept for as long as the team says', async () => {
    const { clock, tokens, openings } = cacheOf(5);
    await tokens.get(request);
    clock.advance(4_999);
    await tokens.get(request);
    assert.equal(openings(), 1);
    clock.advance(1);
    await tokens.get(request);
    assert.equal(openings(), 2);
  });

  it('are not kept at all where it says 0', async () => {
    const { tokens, openings } = cacheOf(0);
    for (let n = 0; n < 3; n += 1) await tokens.get(request);
    assert.equal(openings(), 3);
  });

  it('are forgotten with their connection', async () => {
    const { tokens, openings } = cacheOf();
    await tokens.get(request);
    tokens.forget('c');
    await tokens.get(request);
    assert.equal(openings(), 2);
  });

  it('are 10,000 at most: the one used longest ago makes room', async () => {
    const { tokens, openings } = cacheOf();
    for (let n = 0; n <= 10_000; n += 1) await tokens.get({ ...request, connectionId: `c${n}` });
    assert.equal(openings(), 10_001);
    await tokens.get({ ...request, connectionId: 'c10000' });
    assert.equal(openings(), 10_001);
    await tokens.get({ ...request, connectionId: 'c0' });
    assert.equal(openings(), 10_002);
  });
});
