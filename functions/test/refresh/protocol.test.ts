import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Provider } from '../../src/providers/settings-schema.ts';
import { doubtMs, graceMsOf, isWithinGrace, leaseMs, take } from '../../src/refresh/protocol.ts';
import type { VaultDocument } from '../../src/store/documents.ts';

const refreshToken = 'refresh-1';
const refreshTokenHash = createHash('sha256').update(refreshToken).digest('base64url');

const lifeOf = (rotation: Provider['life']['rotation'], graceSeconds?: number) => ({
  rotation,
  ...(graceSeconds !== undefined && { graceSeconds }),
  permanentErrors: [],
  transientErrors: [],
});

/** A connection whose refresh token somebody began to spend at 0, and then vanished. */
const abandoned = (startedAt = 0): VaultDocument => ({
  uid: 'ada',
  provider: 'one',
  status: 'active',
  reason: null,
  generation: 1,
  sealed: '',
  keyVersion: '1',
  obtainedAt: 0,
  expiresAt: 0,
  refreshAt: null,
  shard: 0,
  lease: { owner: 'gone', until: startedAt + leaseMs },
  retryAt: null,
  refusedWith: null,
  journal: { attempt: 'gone', refreshTokenHash, startedAt },
  authorization: null,
  committedBy: null,
  failures: 0,
  grantedAt: 0,
  refreshes: 0,
  usedAt: 0,
  needsReauthAt: null,
  warnAt: null,
  events: 0,
});

describe('a refresh token that may have been spent', () => {
  const cases: readonly [
    what: string,
    life: Provider['life'],
    now: number,
    isSpentAtOnce: boolean,
  ][] = [
    ['that stays', lifeOf('none'), 86_400_000, true],
    ['that rotates', lifeOf('rotates'), leaseMs, false],
    ['that rotates, whatever is said of a grace', lifeOf('rotates', 3_600), leaseMs, false],
    ['with 60 s of grace, in it', lifeOf('rotates-with-grace', 60), 59_999, true],
    ['with 60 s of grace, after it', lifeOf('rotates-with-grace', 60), 60_000, false],
    ['with a day of grace, in it', lifeOf('rotates-with-grace', 86_400), 86_399_999, true],
    ['whose grace is shorter than a lease', lifeOf('rotates-with-grace', 10), leaseMs, false],
    ['with a grace of unknown length, soon', lifeOf('rotates-with-grace'), 29_999, true],
    ['with a grace of unknown length, later', lifeOf('rotates-with-grace'), 30_000, false],
  ];
  for (const [what, life, now, isSpentAtOnce] of cases) {
    it(`${what}, is ${isSpentAtOnce ? 'spent again at once' : 'left alone first'}`, () => {
      const graceMs = graceMsOf(life);
      const taking = take(abandoned(), { id: 'next', refreshToken, graceMs, now });
      assert.equal(taking.waitMs, isSpentAtOnce ? 0 : doubtMs);
      assert.equal(taking.isInterrupted, true);
      // The same for an attempt that got no answer itself.
      assert.equal(isWithinGrace(taking.journal, graceMs, now), isSpentAtOnce);
    });
  }

  it('has its grace from its first use on, however many tried again since', () => {
    const graceMs = graceMsOf(lifeOf('rotates-with-grace', 60));
    const attempt = { id: 'next', refreshToken, graceMs };
    let document = abandoned();
    for (const [now, waitMs] of [
      [20_000, 0],
      [40_000, 0],
      [59_000, 0],
      [75_000, doubtMs],
    ] as const) {
      const { lease, journal, ...taking } = take(document, { ...attempt, now });
      assert.equal(taking.waitMs, waitMs, `${now}`);
      document = { ...document, lease, journal };
    }
  });

  it('is another one once a refresh went well: its grace begins anew', () => {
    const graceMs = graceMsOf(lifeOf('rotates-with-grace', 60));
    const attempt = { id: 'next', refreshToken: 'refresh-2', graceMs, now: 75_000 };
    const { journal, waitMs, isInterrupted } = take(abandoned(), attempt);
    assert.deepEqual([journal.startedAt, waitMs, isInterrupted], [75_000, 0, false]);
  });
});
