import { createSettingsReader, type SettingsReader } from '../functions/src/providers/settings.ts';
import type { Provider } from '../functions/src/providers/settings-schema.ts';
import { refreshAtOf } from '../functions/src/refresh/due.ts';
import { manualClock } from '../functions/test/clock.ts';

/** A share of the connections whose users come that often. */
export interface Habit {
  readonly share: number;
  /** Zero: they came once, more than a month ago. */
  readonly usesPerDay: number;
}

/** All connections of one provider: they live by the same rules and began in the same way. */
export interface Cohort {
  /** The provider's id in the settings; one cohort each. */
  readonly provider: string;
  readonly size: number;
  /** How long its access tokens live. */
  readonly lifetimeMs: number;
  readonly rotate?: Partial<Provider['rotate']>;
  readonly life?: Partial<Provider['life']>;
  readonly habits: readonly Habit[];
  /**
   * `steady`: as if they had lived by these rules for long. `imported`: all token sets are issued
   * evenly within that time from the start.
   */
  readonly start: 'steady' | { readonly importedWithinMs: number };
  /** Without: as if the provider could be asked at any rate, which no settings allow. */
  readonly isRateLimited?: boolean;
  /** The provider answers nothing but 503 meanwhile; in milliseconds from the start. */
  readonly outage?: { readonly fromMs: number; readonly untilMs: number };
}

/** Real settings with the cohorts' providers, checked as the suite checks them. */
export function settingsOf(cohorts: readonly Cohort[]): SettingsReader {
  const providers = cohorts.map(({ provider, rotate = {}, life = {} }) => [
    provider,
    {
      kind: 'oidc',
      name: provider,
      issuer: 'https://provider.example',
      clientId: 'client',
      clientSecrets: ['secret'],
      apiBaseUrl: 'https://api.provider.example',
      rotate,
      life,
    },
  ]);
  const app = { redirectUri: 'https://app.example/', returnTo: ['https://app.example/'] };
  const settings = { app, providers: Object.fromEntries(providers) };
  const payload = new TextEncoder().encode(JSON.stringify(settings));
  return createSettingsReader({
    secrets: {
      access: async () => ({ version: '1', payload }),
      newestEnabled: async () => '1',
    },
    secretId: 'strongroom-providers',
    clock: manualClock(),
    allowLoopbackHttp: false,
  });
}

/** Habits of a population most of whose users have moved on. */
export const commonHabits: readonly Habit[] = [
  { share: 0.2, usesPerDay: 1 },
  { share: 0.3, usesPerDay: 1 / 7 },
  { share: 0.5, usesPerDay: 0 },
];

/** The share of them that comes at all. */
export const stillUsed = commonHabits
  .filter(({ usesPerDay }) => usesPerDay > 0)
  .reduce((sum, { share }) => sum + share, 0);

/** How long after a refresh rotation does the next, on average; null: never. */
export async function meanIntervalMs(cohort: Cohort): Promise<number | null> {
  const provider = await settingsOf([cohort]).provider(cohort.provider);
  const tokenSet = { obtainedAt: 0, expiresAt: cohort.lifetimeMs, refreshToken: 'token' };
  return refreshAtOf(tokenSet, provider, 0, () => 0.5);
}
