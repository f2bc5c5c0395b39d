import { recordsOf } from '../audit/recorder.ts';
import { newConnection } from '../connections/keep/new-connection.ts';
import { StrongroomError } from '../errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { Settings } from '../providers/settings-schema.ts';
import type { ImportStore, NewConnection, Owner } from '../store/import-store.ts';
import type { Sealer } from '../vault/seal.ts';
import type { Importable } from './importable.ts';
import type { Refusal } from './line.ts';
import { importTimes } from './times.ts';

export interface PageDependencies {
  readonly store: ImportStore;
  readonly sealer: Sealer;
  readonly settings: Pick<Settings, 'providers' | 'audit'>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** What became of a page. */
export interface PageOutcome {
  readonly created: number;
  /** There already: an earlier run has written them. */
  readonly existing: number;
  readonly refused: readonly Refusal[];
}

export type WritePage = (page: readonly Importable[]) => Promise<PageOutcome>;

const attempts = 6;
const firstPauseMs = 500;

/**
 * Seals a page of connections and writes what of it is not there yet, in one commit. What is there is
 * left as it is: it may have been refreshed since. Cost: 1 read each, and 2 writes each for what is
 * new, 1 more where its account is known and 1 where the audit is to tell of it.
 *
 * @throws StrongroomError `unavailable` after six attempts in half a minute; `settings_invalid`.
 */
export function createPageWriter(dependencies: PageDependencies): WritePage {
  const { store, clock } = dependencies;
  return async (page) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const owners = await store.owners(page.map(({ id }) => id));
        const missing = page.filter(({ id }) => !owners.has(id));
        const documents = await Promise.all(missing.map((one) => documentsOf(dependencies, one)));
        // Somebody was faster with one of them: the next look tells which.
        if (!(await store.createAll(documents))) continue;
        const refused = page.flatMap((one) => foreignOf(one, owners.get(one.id)) ?? []);
        const existing = page.length - missing.length - refused.length;
        return { created: missing.length, existing, refused };
      } catch (error) {
        const isPassing = error instanceof StrongroomError && error.code === 'unavailable';
        if (!isPassing || attempt >= attempts) throw error;
        await clock.sleep(firstPauseMs * 2 ** (attempt - 1));
      }
    }
  };
}

/** Why a connection must not be taken for the one that has its id, if so. */
export function foreignOf(
  { where, uid, provider }: Importable,
  owner: Owner | undefined,
): Refusal | undefined {
  if (owner === undefined || (owner.uid === uid && owner.provider === provider)) return undefined;
  return { where, field: 'connectionId', reason: 'is that of another connection' };
}

async function documentsOf(
  dependencies: PageDependencies,
  importable: Importable,
): Promise<NewConnection> {
  const { settings, clock, random } = dependencies;
  const { id, uid, provider, account, tokenSet } = importable;
  const found = settings.providers[provider];
  if (found === undefined) throw new Error(`The provider ${provider} is not in the settings.`);
  const now = clock.now();
  const times = importTimes(importable, found, now, random);
  const whose = { uid, connectionId: id, provider } as const;
  const fact = { type: 'connected', actor: 'operator', ...whose, renewed: false } as const;
  const making = { id, uid, provider, account, tokenSet, authorization: null, times, now };
  const { status, secret } = await newConnection(dependencies, making);
  return { id, status, records: recordsOf([fact], settings.audit, now), secret };
}
