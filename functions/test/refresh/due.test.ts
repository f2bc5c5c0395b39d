import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type RefreshTokenEnd, refreshTokenEndOf } from '../../src/oauth/refresh-token-end.ts';
import { dayMs } from '../../src/platform/durations.ts';
import type { Provider } from '../../src/providers/settings-schema.ts';
import { idleEndOf, type Limits, refreshAtOf, type Timed } from '../../src/refresh/due.ts';

const now = 1_800_000_000_000;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

type Policy = Provider['rotate']['policy'];

function limits(policy: Policy, life: Partial<Provider['life']> = {}): Limits {
  return {
    life: { rotation: 'rotates', permanentErrors: [], transientErrors: [], ...life },
    rotate: { policy, usedWithinDays: 30, perSecond: 10, concurrency: 10 },
  };
}

function given(lifetimeMs: number | null, end: RefreshTokenEnd = {}): Timed {
  return {
    refreshToken: 'refresh',
    obtainedAt: now,
    ...(lifetimeMs !== null && { expiresAt: now + lifetimeMs }),
    ...end,
  };
}

describe('when a token set is due', () => {
  const noJitter = () => 0;
  const idle = (seconds: number) => ({ refreshTokenIdleSeconds: seconds });
  const daySeconds = 86_400;

  const cases: [string, Timed, Limits, number | null][] = [
    ['an hour: 10 minutes ahead', given(hourMs), limits('always'), hourMs - 10 * minuteMs],
    ['5 minutes: a fifth ahead', given(5 * minuteMs), limits('always'), 4 * minuteMs],
    [
      'as long ahead as the settings say',
      given(hourMs),
      limits('always', { refreshLeadSeconds: 1_200 }),
      40 * minuteMs,
    ],
    [
      'never more than half of its lifetime ahead',
      given(hourMs),
      limits('always', { refreshLeadSeconds: 7_200 }),
      hourMs / 2,
    ],
    ['less than a minute: left to callers', given(minuteMs - 1), limits('always'), null],
    [
      'less than a minute, with an idle limit: kept alive',
      given(minuteMs - 1, {}),
      limits('always', idle(60 * daySeconds)),
      53 * dayMs,
    ],
    ['no expiry, no idle limit: never', given(null), limits('always'), null],
    [
      'no expiry, an idle limit: kept alive',
      given(null),
      limits('always', idle(10 * daySeconds)),
      5 * dayMs,
    ],
    [
      'an idle limit that is shorter than the token lives',
      given(10 * dayMs),
      limits('always', idle(2 * daySeconds)),
      dayMs,
    ],
    ['an idle limit that no schedule can meet', given(null), limits('always', idle(59)), null],
    ['keep-alive without an idle limit: never', given(hourMs), limits('keep-alive'), null],
    [
      'keep-alive: 7 days before the idle end',
      given(hourMs),
      limits('keep-alive', idle(60 * daySeconds)),
      53 * dayMs,
    ],
    [
      'keep-alive: half of a short limit before its end',
      given(5 * minuteMs),
      limits('keep-alive', idle(1_800)),
      15 * minuteMs,
    ],
    [
      'keep-alive: by the end that the answer told',
      given(hourMs, { refreshTokenExpiresAt: now + 20 * dayMs }),
      limits('keep-alive'),
      13 * dayMs,
    ],
    [
      'keep-alive: an end that does not move is not kept away',
      given(hourMs, { refreshTokenExpiresAt: now + 20 * dayMs, refreshTokenEndIsFixed: true }),
      limits('keep-alive'),
      null,
    ],
    [
      'what the answer told and what the settings say: the earlier',
      given(hourMs, { refreshTokenExpiresAt: now + 20 * dayMs }),
      limits('keep-alive', idle(2 * daySeconds)),
      dayMs,
    ],
    ['used: as always while it is used', given(hourMs), limits('used'), hourMs - 10 * minuteMs],
    ['used: nobody to refresh for', given(31 * dayMs), limits('used'), null],
  ];
  for (const [title, tokenSet, provider, dueInMs] of cases) {
    it(title, () => {
      const expected = dueInMs === null ? null : now + dueInMs;
      assert.equal(refreshAtOf(tokenSet, provider, now, noJitter), expected);
    });
  }

  it('without a refresh token nothing is due', () => {
    const { refreshToken: _none, ...tokenSet } = given(hourMs);
    assert.equal(refreshAtOf(tokenSet, limits('always', idle(daySeconds)), now, noJitter), null);
  });

  it('used: not due any more beyond the given days after the last use', () => {
    const dueAt = now + 50 * minuteMs;
    const at = (usedAt: number) => refreshAtOf(given(hourMs), limits('used'), usedAt, noJitter);
    assert.equal(at(dueAt - 30 * dayMs), dueAt);
    assert.equal(at(dueAt - 30 * dayMs - 1), null);
  });

  const seconds = fc.integer({ min: 1, max: 400 * daySeconds });
  const anything = fc
    .record({
      policy: fc.constantFrom<Policy>('always', 'used', 'keep-alive'),
      lifetimeSeconds: fc.option(seconds),
      idleSeconds: fc.option(seconds),
      toldSeconds: fc.option(seconds),
      leadSeconds: fc.option(seconds),
      usedAt: fc.integer({ min: now - 60 * dayMs, max: now }),
      dice: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    })
    .map(({ policy, lifetimeSeconds, idleSeconds, toldSeconds, leadSeconds, usedAt, dice }) => ({
      policy,
      usedAt,
      dice,
      tokenSet: given(
        lifetimeSeconds === null ? null : lifetimeSeconds * 1_000,
        toldSeconds === null ? {} : { refreshTokenExpiresAt: now + toldSeconds * 1_000 },
      ),
      provider: limits(policy, {
        ...(idleSeconds !== null && { refreshTokenIdleSeconds: idleSeconds }),
        ...(leadSeconds !== null && { refreshLeadSeconds: leadSeconds }),
      }),
    }));
  type Anything = typeof anything extends fc.Arbitrary<infer T> ? T : never;
  const always = (property: (it: Anything, dueAt: number | null) => void) =>
    fc.assert(
      fc.property(anything, (it) => {
        const { tokenSet, provider, usedAt, dice } = it;
        property(
          it,
          refreshAtOf(tokenSet, provider, usedAt, () => dice),
        );
      }),
      { numRuns: 5_000 },
    );

  it('is after the token set was obtained, by a whole millisecond, and before its idle end', () => {
    always(({ tokenSet, provider }, dueAt) => {
      if (dueAt === null) return;
      assert.ok(Number.isInteger(dueAt) && dueAt >= now, String(dueAt));
      const end = idleEndOf(tokenSet, provider);
      if (end !== null && end >= now + minuteMs) assert.ok(dueAt < end);
    });
  });

  it('is before expiry where the token lives for a minute, unless it is kept alive only', () => {
    always(({ tokenSet: { expiresAt }, policy }, dueAt) => {
      if (dueAt === null || policy === 'keep-alive' || expiresAt === undefined) return;
      if (expiresAt - now >= minuteMs) assert.ok(dueAt <= expiresAt);
    });
  });

  it('is never missing where an idle limit could be missed, but for those that nobody uses', () => {
    always(({ tokenSet, provider, policy, usedAt }, dueAt) => {
      const end = idleEndOf(tokenSet, provider);
      if (dueAt !== null || end === null || end < now + minuteMs) return;
      assert.equal(policy, 'used');
      assert.ok(end > usedAt + 30 * dayMs);
    });
  });

  it('is never later than without jitter, nor earlier by more than half of the lead', () => {
    always(({ tokenSet, provider, usedAt }, dueAt) => {
      const at = (random: number) => refreshAtOf(tokenSet, provider, usedAt, () => random);
      const [latest, earliest] = [at(0), at(1)];
      if (dueAt === null || latest === null || earliest === null) return;
      assert.ok(dueAt <= latest && dueAt >= earliest);
      const ends = [tokenSet.expiresAt, idleEndOf(tokenSet, provider)].filter((end) => end != null);
      assert.ok(ends.some((end) => latest - earliest <= (end - latest) / 2 + 2));
    });
  });

  it('spreads what was imported in one second', () => {
    const provider = limits('always');
    const due = (random: number) => refreshAtOf(given(hourMs), provider, now, () => random);
    assert.equal(Number(due(0)) - Number(due(0.999_999_9)), 5 * minuteMs);
  });
});

describe("a refresh token's end, as its answers tell it", () => {
  const answer = (fields: object) => ({ access_token: 'a', token_type: 'bearer', ...fields });
  const tokenSet = { accessToken: 'a', tokenType: 'bearer', scopes: [], refreshToken: 'r' };
  /** The token set before, an hour old. */
  const before = (end: RefreshTokenEnd) => ({ ...tokenSet, obtainedAt: now - hourMs, ...end });
  const inAnHour = { refreshTokenExpiresAt: now + hourMs };

  const cases: [string, object, RefreshTokenEnd | undefined, RefreshTokenEnd][] = [
    ['GitHub', { refresh_token_expires_in: 3_600 }, undefined, inAnHour],
    ['Keycloak', { refresh_expires_in: 3_600 }, undefined, inAnHour],
    ['Intuit', { x_refresh_token_expires_in: 3_600 }, undefined, inAnHour],
    ['a string', { refresh_token_expires_in: '3600' }, undefined, inAnHour],
    ['0: never', { refresh_expires_in: 0 }, { refreshTokenExpiresAt: now }, {}],
    ['no number', { refresh_token_expires_in: 'soon' }, undefined, {}],
    ['a negative number', { refresh_token_expires_in: -1 }, undefined, {}],
    [
      'an end that moved on with the refresh',
      { refresh_token_expires_in: 3_600 },
      { refreshTokenExpiresAt: now },
      inAnHour,
    ],
    [
      'an end that stayed put',
      { refresh_token_expires_in: 3_600 },
      inAnHour,
      { ...inAnHour, refreshTokenEndIsFixed: true },
    ],
    [
      'not told again, the token stays: so does the end',
      {},
      inAnHour,
      {
        ...inAnHour,
        refreshTokenEndIsFixed: true,
      },
    ],
    ['not told again, another token', { refresh_token: 'next' }, inAnHour, {}],
    [
      'an end that stayed put once and moves now',
      { refresh_token_expires_in: 3_600 },
      { refreshTokenExpiresAt: now, refreshTokenEndIsFixed: true },
      inAnHour,
    ],
  ];
  for (const [title, fields, known, expected] of cases) {
    it(title, () => {
      const previous = known && before(known);
      assert.deepEqual(refreshTokenEndOf(answer(fields), now, previous), expected);
    });
  }

  it('two refreshes within a minute tell nothing new', () => {
    const previous = { ...tokenSet, obtainedAt: now - 1_000, ...inAnHour };
    const told = answer({ refresh_token_expires_in: 3_600 });
    assert.deepEqual(refreshTokenEndOf(told, now, previous), inAnHour);
    const fixed = { ...previous, refreshTokenEndIsFixed: true };
    assert.equal(refreshTokenEndOf(told, now, fixed).refreshTokenEndIsFixed, true);
  });
});
