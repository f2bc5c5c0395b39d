import assert from 'node:assert/strict';
import fc from 'fast-check';
import { dayMs } from '../../src/platform/durations.ts';
import type { Provider } from '../../src/providers/settings-schema.ts';
import {
  type Dates,
  firstWarnAt,
  needsReauthAtOf,
  redate,
  undated,
  warningOf,
} from '../../src/refresh/calendar.ts';
import type { Limits, Timed } from '../../src/refresh/due.ts';

const now = 1_800_000_000_000;
const hourMs = 3_600_000;
const daySeconds = 86_400;

function limits(life: Partial<Provider['life']>): Limits {
  return {
    life: { rotation: 'rotates', permanentErrors: [], transientErrors: [], ...life },
    rotate: { policy: 'always', usedWithinDays: 30, perSecond: 10, concurrency: 10 },
  };
}

describe('when a connection needs its user', () => {
  const tokenSet: Timed = { refreshToken: 'r', obtainedAt: now, expiresAt: now + hourMs };
  const fresh = { grantedAt: now - dayMs, refreshes: 10 };
  const soon = now + hourMs / 2;
  const told = { ...tokenSet, refreshTokenExpiresAt: now + 20 * dayMs };

  const cases: [string, Timed, Limits, number | null, number | null][] = [
    ['nothing is known', tokenSet, limits({}), soon, null],
    [
      'an absolute limit, counted from the consent',
      tokenSet,
      limits({ refreshTokenAbsoluteSeconds: 180 * daySeconds }),
      soon,
      now + 179 * dayMs,
    ],
    [
      'an idle limit that rotation keeps away',
      tokenSet,
      limits({ refreshTokenIdleSeconds: 60 * daySeconds }),
      soon,
      null,
    ],
    [
      'an idle limit that nobody keeps away',
      tokenSet,
      limits({ refreshTokenIdleSeconds: 60 * daySeconds }),
      null,
      now + 60 * dayMs,
    ],
    ['an idle end that the answer told, kept away', told, limits({}), soon, null],
    ['an idle end that the answer told', told, limits({}), null, now + 20 * dayMs],
    [
      'an end that does not move, whatever is refreshed',
      { ...told, refreshTokenEndIsFixed: true },
      limits({}),
      soon,
      now + 20 * dayMs,
    ],
    [
      'a count: refreshed every 47.5 minutes on average, and the last token lives for an hour',
      tokenSet,
      limits({ refreshTokenMaxUses: 100 }),
      soon,
      now + hourMs + 90 * 47.5 * 60_000,
    ],
    ['a count that is used up', tokenSet, limits({ refreshTokenMaxUses: 9 }), soon, now + hourMs],
    [
      'the earliest of all',
      { ...told, refreshTokenEndIsFixed: true },
      limits({ refreshTokenAbsoluteSeconds: 3 * daySeconds, refreshTokenMaxUses: 1_000 }),
      soon,
      now + 2 * dayMs,
    ],
    [
      'a limit beyond a hundred years is none',
      tokenSet,
      limits({ refreshTokenMaxUses: 1_000_000_000 }),
      soon,
      null,
    ],
  ];
  for (const [title, given, provider, refreshAt, expected] of cases) {
    it(title, () => assert.equal(needsReauthAtOf(given, provider, fresh, refreshAt), expected));
  }

  it('without a refresh token: when the access token ends', () => {
    const given = { obtainedAt: now, expiresAt: now + 60 * dayMs };
    const provider = limits({ refreshTokenIdleSeconds: daySeconds });
    assert.equal(needsReauthAtOf(given, provider, fresh, null), now + 60 * dayMs);
    assert.equal(needsReauthAtOf({ obtainedAt: now }, provider, fresh, null), null);
  });
});

describe('warnings of a date', () => {
  /** What hourly sweeps say, from the moment a date is known until it is over. */
  const sweeps = (leftMs: number, everyMs = hourMs) => {
    const needsReauthAt = now + leftMs;
    let warnAt = firstWarnAt(needsReauthAt, now);
    const given: { days: number; leftMs: number }[] = [];
    for (let at = now; at < needsReauthAt + 2 * everyMs; at += everyMs) {
      if (warnAt === null || warnAt > at) continue;
      const warning = warningOf({ needsReauthAt, warnAt }, at);
      assert.notEqual(warning.warnAt, warnAt, 'a sweep that changes nothing comes for ever');
      if (warning.days !== null) given.push({ days: warning.days, leftMs: needsReauthAt - at });
      warnAt = warning.warnAt;
    }
    assert.equal(warnAt, null);
    return given;
  };

  const cases: [string, number, { days: number; leftMs: number }[]][] = [
    [
      'half a year: 14 and 3 days ahead',
      180 * dayMs,
      [
        { days: 14, leftMs: 14 * dayMs },
        { days: 3, leftMs: 3 * dayMs },
      ],
    ],
    [
      '10 days: at once and 3 days ahead',
      10 * dayMs,
      [
        { days: 14, leftMs: 10 * dayMs },
        { days: 3, leftMs: 3 * dayMs },
      ],
    ],
    ['2 days: at once, and once', 2 * dayMs, [{ days: 3, leftMs: 2 * dayMs }]],
    ['less than a day: none', dayMs - 1, []],
  ];
  for (const [title, leftMs, expected] of cases) {
    it(title, () => assert.deepEqual(sweeps(leftMs), expected));
  }

  it('a sweep that comes 12 days late gives the one that fits, not both', () => {
    const needsReauthAt = now + 2 * dayMs;
    const dates = { needsReauthAt, warnAt: needsReauthAt - 14 * dayMs };
    assert.deepEqual(warningOf(dates, now), { days: 3, warnAt: null });
  });

  it('what is over is not warned of', () => {
    const dates = { needsReauthAt: now, warnAt: now - 3 * dayMs };
    assert.deepEqual(warningOf(dates, now), { days: null, warnAt: null });
  });

  it('each is given once at most, in its time, and in order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 * dayMs }),
        fc.integer({ min: hourMs, max: 20 * dayMs }),
        (leftMs, everyMs) => {
          const given = sweeps(leftMs, everyMs);
          const days = given.map((warning) => warning.days);
          assert.ok(['', '14', '3', '14,3'].includes(days.join()), days.join());
          for (const warning of given) {
            assert.ok(warning.leftMs <= warning.days * dayMs && warning.leftMs > 0);
            if (warning.days === 14) assert.ok(warning.leftMs > 3 * dayMs);
          }
        },
      ),
    );
  });
});

describe('a date that moves', () => {
  const inDays = (days: number) => now + days * dayMs;
  /** Warned 14 days ahead, 3 days are to come. */
  const warned: Dates = { needsReauthAt: inDays(10), warnAt: inDays(7) };
  const warnedTwice: Dates = { needsReauthAt: inDays(2), warnAt: null };

  const cases: [string, Dates, number | null, Dates, object][] = [
    ['none stays none', undated, null, undated, {}],
    [
      'a first one',
      undated,
      inDays(60),
      { needsReauthAt: inDays(60), warnAt: inDays(46) },
      { needsReauthAt: inDays(60), reauthDueInDays: null },
    ],
    ['by less than a day: not at all', warned, inDays(10.9), warned, {}],
    [
      'by less than a tenth of the time left: not at all',
      warnedTwice,
      inDays(2.19),
      warnedTwice,
      {},
    ],
    [
      'by more than that, though by less than a day',
      { needsReauthAt: inDays(2), warnAt: inDays(-1) },
      inDays(2.21),
      { needsReauthAt: inDays(2.21), warnAt: inDays(2.21) - 3 * dayMs },
      { needsReauthAt: inDays(2.21) },
    ],
    [
      'within the same warning: it is not given again',
      warned,
      inDays(12),
      { needsReauthAt: inDays(12), warnAt: inDays(9) },
      { needsReauthAt: inDays(12) },
    ],
    [
      'nearer: what was said stays, the next warning is due',
      warned,
      inDays(2),
      { needsReauthAt: inDays(2), warnAt: inDays(-1) },
      { needsReauthAt: inDays(2) },
    ],
    [
      'within the last warning: it is not given again',
      warnedTwice,
      inDays(2.9),
      { needsReauthAt: inDays(2.9), warnAt: null },
      { needsReauthAt: inDays(2.9) },
    ],
    [
      'away: what was said is taken back',
      warned,
      inDays(180),
      { needsReauthAt: inDays(180), warnAt: inDays(166) },
      { needsReauthAt: inDays(180), reauthDueInDays: null },
    ],
    [
      'to none: what was said is taken back',
      warned,
      null,
      undated,
      { needsReauthAt: null, reauthDueInDays: null },
    ],
  ];
  for (const [title, before, after, vault, status] of cases) {
    it(title, () => {
      const isWritten = Object.keys(status).length > 0;
      assert.deepEqual(redate(before, after, now), {
        vault,
        status: isWritten ? { ...status, updatedAt: now } : {},
      });
    });
  }

  it('never by less than is worth telling, however many small steps it takes', () => {
    let dates = redate(undated, inDays(60), now).vault;
    let written = 0;
    for (let step = 1; step <= 100; step += 1) {
      const { vault, status } = redate(dates, inDays(60) + step * hourMs, now);
      dates = vault;
      if (Object.keys(status).length > 0) written += 1;
    }
    assert.equal(written, 4);
    assert.ok(Math.abs(Number(dates.needsReauthAt) - inDays(60) - 100 * hourMs) < dayMs);
  });
});
