import assert from 'node:assert/strict';
import { createTold } from '../../src/limits/told.ts';
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

  it('is nothing where the answer is another, or names no time', () => {
    const told = createTold(manualClock());
    for (const one of [answer('30', 503), answer('30', 200), answer(undefined), answer('soon')]) {
      told.note('c1', '/a', one);
      assert.equal(told.until('c1', '/a'), undefined);
    }
  });
});
