import { StrongroomError } from '../errors.ts';
import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import type { SettingsReader } from '../providers/settings.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { shards } from '../store/documents.ts';

/** How often `rotateTokens` runs: what falls due before the next run is due now. */
export const rotationPeriodMs = 60_000;

/**
 * Until when nobody may ask a provider, in milliseconds since the epoch. In the past: the pause is
 * over, and one request may try whether the provider is back. Undefined: nothing is wrong.
 */
export type PausedUntil = (provider: string) => Promise<number | undefined>;

/** What is left of one provider's share in a run of the rotation. */
export interface Allowance {
  readonly perSecond: number;
  /** It was paused: one connection is to try whether it is back. */
  readonly isProbe: boolean;
  left: number;
}

interface AllowanceDependencies {
  readonly settings: SettingsReader;
  readonly pausedUntil: PausedUntil;
  readonly clock: Clock;
}

/**
 * How many connections of each provider one run may hand over: what the provider takes until the
 * next run, by shard. Asks for a provider once, when something of it is due.
 */
export function createAllowances({ settings, pausedUntil, clock }: AllowanceDependencies) {
  const found = new Map<string, Promise<readonly Allowance[]>>();

  const look = async (id: string): Promise<readonly Allowance[]> => {
    const rate = await rateOf(settings, id);
    if (rate === undefined) return byShard(() => ({ perSecond: 0, isProbe: false, left: 0 }));
    const { perSecond } = rate;
    const until = await pausedUntil(id);
    if (until === undefined) {
      const minute = Math.floor(clock.now() / rotationPeriodMs);
      return byShard((shard) => ({
        perSecond,
        isProbe: false,
        left: quotaOf(perSecond, minute, shard),
      }));
    }
    const forAll = { perSecond, isProbe: true, left: until <= clock.now() ? 1 : 0 };
    return byShard(() => forAll);
  };

  return async (provider: string, shard: number): Promise<Allowance> => {
    const looking = found.get(provider) ?? look(provider);
    found.set(provider, looking);
    const allowance = (await looking)[shard];
    if (allowance === undefined) throw new RangeError(`There is no shard ${shard}.`);
    return allowance;
  };
}

/** @returns undefined where the settings no longer have the provider: nothing can be asked. */
export async function rateOf(
  settings: SettingsReader,
  id: string,
): Promise<Provider['rotate'] | undefined> {
  try {
    return (await settings.provider(id)).rotate;
  } catch (error) {
    if (!(error instanceof StrongroomError) || error.code !== 'provider_unknown') throw error;
    log.rotated({ provider: id, left: 'not in the settings' });
    return undefined;
  }
}

/**
 * A shard's part of what a provider takes in that run. All turns that there ever are, at that rate,
 * go round the runs and shards, so that their sum is right also where one run has less than one turn.
 */
export function quotaOf(perSecond: number, run: number, shard: number): number {
  const perRun = (perSecond * rotationPeriodMs) / 1_000;
  const turnsBefore = (end: number) => Math.ceil((Math.floor(end * perRun) - shard) / shards);
  return turnsBefore(run + 1) - turnsBefore(run);
}

function byShard(make: (shard: number) => Allowance): readonly Allowance[] {
  return Array.from({ length: shards }, (_, shard) => make(shard));
}
