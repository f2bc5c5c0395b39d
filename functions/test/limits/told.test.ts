import assert from 'node:assert/strict';
import { createTold } from '../../src/limits/told.ts';
import type { RateLimit } from '../../src/providers/api-schema.ts';
import { manualClock } from '../clock.ts';

describe('what a provider says of coming back later', () => {
  const answer = (seconds: string | undefined, status = 429) => ({
    status,
    headers: seconds === undefined ? {} : { 'retry-after': seconds },
  });

  it('is remembered for that path of that connection, until then', () => {
    const clock = manualClock();
    const told = createTold(clock);
    told.note('c1', '/search', answer('30'));
    assert.equal(told.until('c1', '/search'), clock.ticks() + 30_000);
    assert.equal(told.until('c1', '/me'), undefined);
    assert.equal(told.until('c2', '/search'), undefined);
    clock.advance(30_000);
    assert.equal(told.until('c1', '/search'), undefined);
  });

  it('is for the whole connection once a second path is told so meanwhile', () => {
    const clock = manualClock();
    const told = createTold(clock);
    told.note('c1', '/a', answer('30'));
    told.note('c1', '/b', answer('10'));
    assert.equal(told.until('c1', '/c'), clock.ticks() + 30_000);
    clock.advance(30_000);
    told.note('c1', '/b', answer('10'));
    assert.equal(told.until('c1', '/c'), undefined);
  });

  it('is remembered for a quarter of an hour at most', () => {
    const clock = manualClock();
    const told = createTold(clock);
    told.note('c1', '/a', answer('999999999'));
    assert.equal(told.until('c1', '/a'), clock.ticks() + 900_000);
  });

  const at = Date.parse('2026-11-22T12:00:00Z');
  const startAt = (now: number) => {
    const clock = manualClock(now);
    return { clock, told: createTold(clock) };
  };
  const shape = { statuses: [429], reset: 'x-reset' } satisfies Partial<RateLimit>;
  const ways: readonly [
    resetIs: RateLimit['resetIs'],
    told: string,
    afterMs: number | undefined,
  ][] = [
    ['seconds', '30', 30_000],
    ['seconds', '0.25', 250],
    ['seconds', '9999', 900_000],
    ['epoch-seconds', String(at / 1_000 + 30), 30_000],
    ['epoch-seconds', `${at / 1_000 + 30}.5`, 30_500],
    ['epoch-milliseconds', String(at + 1_500), 1_500],
    ['iso-8601', '2026-11-22T12:00:30Z', 30_000],
    ['iso-8601', '2026-11-22T13:00:30.5+01:00', 30_500],
    ['seconds', '0', undefined],
    ['seconds', '-30', undefined],
    ['seconds', '1e3', undefined],
    ['seconds', '0x10', undefined],
    ['seconds', 'soon', undefined],
    ['seconds', '', undefined],
    ['epoch-seconds', String(at / 1_000 - 30), undefined],
    ['epoch-seconds', '30', undefined],
    ['iso-8601', '30', undefined],
    ['iso-8601', '2026-11-22T11:59:30Z', undefined],
    ['iso-8601', '2026-99-99T00:00:00Z', undefined],
  ];
  for (const [resetIs, value, afterMs] of ways) {
    it(`is ${afterMs ?? 'no'} ms for a header that tells ${resetIs} by ${JSON.stringify(value)}`, () => {
      const { clock, told } = startAt(at);
      told.note('c1', '/a', { status: 429, headers: { 'x-reset': value } }, { ...shape, resetIs });
      const until = afterMs === undefined ? undefined : clock.ticks() + afterMs;
      assert.equal(told.until('c1', '/a'), until);
    });
  }

  it("counts from the answer's own date, whatever this machine's clock says", () => {
    const { clock, told } = startAt(at + 3_600_000);
    const headers = { 'x-reset': String(at / 1_000 + 30), date: 'Sun, 22 Nov 2026 12:00:00 GMT' };
    told.note('c1', '/a', { status: 429, headers }, { ...shape, resetIs: 'epoch-seconds' });
    assert.equal(told.until('c1', '/a'), clock.ticks() + 30_000);
  });

  it('is in Retry-After where that is there, whatever the header of the settings says', () => {
    const { clock, told } = startAt(at);
    const headers = { 'x-reset': '30', 'retry-after': '5' };
    told.note('c1', '/a', { status: 429, headers }, { ...shape, resetIs: 'seconds' });
    assert.equal(told.until('c1', '/a'), clock.ticks() + 5_000);
  });

  it('is not looked for in headers that the settings do not name', () => {
    const { told } = startAt(at);
    told.note('c1', '/a', { status: 429, headers: { 'x-reset': '30' } });
    assert.equal(told.until('c1', '/a'), undefined);
  });

  const limited: RateLimit = {
    statuses: [403, 429],
    reset: 'x-reset',
    resetIs: 'seconds',
    remaining: 'x-remaining',
  };
  const { remaining: _, ...withoutRemaining } = limited;
  const answers: readonly [
    what: string,
    status: number,
    headers: Record<string, string>,
    shape: RateLimit,
    isTold: boolean,
  ][] = [
    ['403 with nothing left', 403, { 'x-remaining': '0' }, limited, true],
    ['403 with something left', 403, { 'x-remaining': '7' }, limited, false],
    ['403 that does not tell what is left', 403, {}, limited, false],
    ['403 that tells nothing for what is left', 403, { 'x-remaining': '' }, limited, false],
    ['403 where the settings name no such header', 403, {}, withoutRemaining, true],
    ['403 with Retry-After', 403, { 'retry-after': '30', 'x-remaining': '7' }, limited, true],
    [
      '403 that the settings do not list',
      403,
      { 'x-remaining': '0' },
      { ...limited, statuses: [429] },
      false,
    ],
    ['429, whatever is left', 429, { 'x-remaining': '7' }, limited, true],
    ['503 that the settings list', 503, {}, { ...withoutRemaining, statuses: [503] }, true],
    [
      '429 where the settings list another',
      429,
      {},
      { ...withoutRemaining, statuses: [503] },
      false,
    ],
    ['200 with nothing left', 200, { 'x-remaining': '0' }, limited, false],
  ];
  for (const [what, status, headers, rateLimit, isTold] of answers) {
    it(`is ${isTold ? 'told' : 'not told'} by ${what}`, () => {
      const { clock, told } = startAt(at);
      told.note('c1', '/a', { status, headers: { 'x-reset': '30', ...headers } }, rateLimit);
      assert.equal(told.until('c1', '/a'), isTold ? clock.ticks() + 30_000 : undefined);
    });
  }

  it('is nothing where the answer is another, or names no time', () => {
    const told = createTold(manualClock());
    for (const one of [answer('30', 503), answer('30', 200), answer(undefined), answer('soon')]) {
      told.note('c1', '/a', one);
      assert.equal(told.until('c1', '/a'), undefined);
    }
  });
});
