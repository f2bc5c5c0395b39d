import type { HeldSlots } from '../store/limit-store.ts';

/** What an instance asks of slots that all of them share. */
export interface SlotsAsked {
  readonly instance: string;
  /** How many it cannot do without. */
  readonly need: number;
  readonly limit: number;
  /** When the last call in them is over, in milliseconds since the epoch. */
  readonly until: number;
}

/** What becomes of the shared slots when an instance asks for some. Pure; `slots.ts` carries it out. */
export function hold(
  found: HeldSlots | undefined,
  { instance, need, limit, until }: SlotsAsked,
  now: number,
): { readonly held: HeldSlots; readonly slots: number } {
  const others = without(found, instance, now);
  const taken = Object.values(others.holders).reduce((sum, { slots }) => sum + slots, 0);
  const left = Math.max(0, limit - taken);
  // Half of what would be left for others: so that not each further call asks again.
  const slots = Math.min(left, need + Math.min(need, Math.floor((left - need) / 2)));
  if (slots <= 0) return { held: others, slots: 0 };
  return { held: { holders: { ...others.holders, [instance]: { slots, until } } }, slots };
}

/** Those that others hold; whoever vanished holds nothing once his calls would be over. */
export function without(found: HeldSlots | undefined, instance: string, now: number): HeldSlots {
  const others = Object.entries(found?.holders ?? {}).filter(
    ([of, { until }]) => of !== instance && until > now,
  );
  return { holders: Object.fromEntries(others) };
}
