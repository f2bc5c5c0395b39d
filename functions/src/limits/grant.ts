import {
  type Correction,
  type Counted,
  corrected,
  nothingCounted,
  rolled,
  sumOf,
} from './window.ts';

/** What an instance asks of an allowance that all of them share. */
export interface Asked {
  /** How many are waiting for one. */
  readonly need: number;
  /** How many would do for a while. */
  readonly want: number;
  /** How many there may be in a minute, for those who ask. */
  readonly ceiling: number;
  /** What was used without asking, or was given and not used. */
  readonly corrections: readonly Correction[];
}

export interface Granted {
  readonly counted: Counted;
  /** To be used within the slice that `counted` names; 0: none are left. */
  readonly granted: number;
}

/** One does not take more than that part of what is left, beyond what it needs now. */
const greed = 1 / 4;

/** What becomes of the shared count when an instance asks. Pure; `permits.ts` carries it out. */
export function grant(found: Counted | undefined, asked: Asked, now: number): Granted {
  const { need, want, ceiling, corrections } = asked;
  const before = corrected(rolled(found ?? nothingCounted(now), now), corrections);
  const left = Math.max(0, ceiling - sumOf(before));
  const block = Math.max(need, Math.min(want, Math.ceil(left * greed)));
  const granted = Math.min(left, block);
  return {
    counted: corrected(before, [{ slice: before.slice, count: granted }]),
    granted,
  };
}
