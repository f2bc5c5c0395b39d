import type { Clock } from '../platform/clock.ts';
import {
  type Correction,
  type Counted,
  corrected,
  nothingCounted,
  renewedAfterMs,
  rolled,
  sliceCount,
  sliceOf,
  sumOf,
} from './window.ts';

/** What an instance was given, to be used within one slice of time. */
interface Block {
  left: number;
  readonly size: number;
  readonly slice: number;
  /** In ticks: it is over then, whatever becomes of the time of day. */
  readonly until: number;
}

/** What one instance has of one allowance: what it used, what it may use, what it owes. Asks nobody. */
export interface Ledger {
  /** Uses one of a block. @returns the slice that it counts in; undefined: there is none. */
  useBlock(ceiling: number): number | undefined;
  /** Uses one without having asked, while this instance used fewer than `most` in the last minute. */
  useUnasked(most: number): number | undefined;
  giveBack(ceiling: number, slice: number): void;
  /** What the shared count does not know: used unasked, or given and not used (negative). */
  owed(): readonly Correction[];
  /**
   * These are about to be written. What is given back is so once, even where nobody can tell whether
   * the write took effect: twice would be more than there is.
   */
  hand(corrections: readonly Correction[]): void;
  /** These were written. */
  settle(corrections: readonly Correction[]): void;
  /** The shared count. */
  see(counted: Counted): void;
  fill(ceiling: number, block: Block): void;
  /** How many would do for a while: as in the slice before; twice as many as were too few. */
  wanted(ceiling: number): number;
  show(ceiling: number): { left: number; renewedAfterMs: number; used: number };
}

export function createLedger(clock: Clock): Ledger {
  let used = nothingCounted(clock.now());
  let seen: Counted | undefined;
  /** By ceiling. */
  const blocks = new Map<number, Block>();
  /** By slice. */
  const debts = new Map<number, number>();

  const owe = (slice: number, count: number): void => {
    const sum = (debts.get(slice) ?? 0) + count;
    if (sum === 0) debts.delete(slice);
    else debts.set(slice, sum);
  };

  /** Lets go of what is over. */
  const tidy = (): void => {
    const now = clock.now();
    used = rolled(used, now);
    for (const [ceiling, { slice, left, until }] of blocks) {
      if (clock.ticks() < until && sliceOf(now) <= slice) continue;
      blocks.delete(ceiling);
      owe(slice, -left);
    }
    for (const slice of debts.keys()) if (slice <= used.slice - sliceCount) debts.delete(slice);
  };

  const count = (change: number, slice = used.slice): void => {
    used = corrected(used, [{ slice, count: change }]);
  };

  const owed = () => [...debts].map(([slice, sum]) => ({ slice, count: sum }));

  return {
    useBlock(ceiling) {
      tidy();
      // One that was given to those who get less will do for those who get more.
      const usable = [...blocks].filter(([of, { left }]) => of <= ceiling && left > 0);
      const [found] = usable.sort(([one], [other]) => one - other);
      if (found === undefined) return undefined;
      const [, block] = found;
      block.left -= 1;
      count(1);
      return block.slice;
    },
    useUnasked(most) {
      tidy();
      if (sumOf(used) >= most) return undefined;
      owe(used.slice, 1);
      count(1);
      return used.slice;
    },
    giveBack(ceiling, slice) {
      tidy();
      count(-1, slice);
      const block = blocks.get(ceiling);
      if (block?.slice === slice) block.left += 1;
      else owe(slice, -1);
    },
    owed() {
      tidy();
      return owed();
    },
    hand(corrections) {
      for (const { slice, count: sum } of corrections) if (sum < 0) owe(slice, -sum);
    },
    settle(corrections) {
      for (const { slice, count: sum } of corrections) if (sum > 0) owe(slice, -sum);
    },
    see(counted) {
      seen = counted;
    },
    fill(ceiling, block) {
      const before = blocks.get(ceiling);
      if (before !== undefined) owe(before.slice, -before.left);
      blocks.set(ceiling, block);
    },
    wanted(ceiling) {
      tidy();
      return Math.max(used.counts[1] ?? 0, 2 * (blocks.get(ceiling)?.size ?? 0));
    },
    show(ceiling) {
      tidy();
      const now = clock.now();
      const known = seen === undefined ? nothingCounted(now) : rolled(seen, now);
      const shared = corrected(known, owed());
      let left = Math.max(0, ceiling - sumOf(shared));
      for (const [of, block] of blocks) if (of <= ceiling) left += block.left;
      const isUsed = sumOf(used) > 0 || sumOf(shared) > 0;
      const after = isUsed ? renewedAfterMs(sumOf(shared) > 0 ? shared : used, ceiling, now) : 0;
      return { left, renewedAfterMs: after, used: sumOf(used) };
    },
  };
}
