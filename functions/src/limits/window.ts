/**
 * Requests of the last minute, counted by slices of it. Pure.
 *
 * A minute that begins anywhere touches five slices of 15 s. Whoever keeps the sum of five below a
 * limit therefore keeps every minute below it, wherever the other side's minute begins.
 */
export const windowMs = 60_000;
export const sliceMs = 15_000;
export const sliceCount = windowMs / sliceMs + 1;

export interface Counted {
  /** The newest slice, as slices since the epoch. */
  readonly slice: number;
  /** How many in it, and in each before it. */
  readonly counts: readonly number[];
}

/** So many of one slice more than were counted; fewer, where negative. */
export interface Correction {
  readonly slice: number;
  readonly count: number;
}

/** Clocks that agree are apart by one slice at most, at its border. */
const mostApart = 1;

export function sliceOf(now: number): number {
  return Math.floor(now / sliceMs);
}

export function nothingCounted(now: number): Counted {
  return { slice: sliceOf(now), counts: new Array(sliceCount).fill(0) };
}

/**
 * The same as it counts at that time. Where the time went back, nothing that was counted is let go
 * sooner for it: a little is the border of a slice, more is a clock that was wrong.
 */
export function rolled(counted: Counted, now: number): Counted {
  const slice = sliceOf(now);
  const age = slice - counted.slice;
  if (age === 0 || (age < 0 && age >= -mostApart)) return counted;
  if (age < 0) return { slice, counts: counted.counts };
  const empty = new Array(Math.min(age, sliceCount)).fill(0);
  return { slice, counts: [...empty, ...counted.counts].slice(0, sliceCount) };
}

/** What is too old to count is left out. */
export function corrected(counted: Counted, corrections: readonly Correction[]): Counted {
  const counts = [...counted.counts];
  for (const { slice, count } of corrections) {
    const age = Math.max(0, counted.slice - slice);
    const before = counts[age];
    if (before !== undefined) counts[age] = Math.max(0, before + count);
  }
  return { ...counted, counts };
}

export function sumOf({ counts }: Counted): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * How long until more of a limit is free than now, in milliseconds; where none is, until one is. 0
 * where nothing is counted.
 */
export function renewedAfterMs(counted: Counted, limit: number, now: number): number {
  const { slice, counts } = counted;
  let rest = sumOf(counted);
  for (let age = counts.length - 1; age >= 0; age -= 1) {
    const leaving = counts[age] ?? 0;
    rest -= leaving;
    if (leaving > 0 && rest < limit) return Math.max(1, (slice - age + sliceCount) * sliceMs - now);
  }
  return 0;
}

/** How long until the next slice begins, in milliseconds. */
export function sliceEndsAfterMs({ slice }: Counted, now: number): number {
  return Math.max(1, (slice + 1) * sliceMs - now);
}
