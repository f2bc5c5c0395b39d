import type { Clock } from '../platform/clock.ts';
import type { Settings } from '../providers/settings-schema.ts';
import type { ImportStore } from '../store/import-store.ts';
import { type Importable, importableOf, isRefusal, type Sourced } from './importable.ts';
import type { Epoch, Refusal } from './line.ts';
import { foreignOf, type WritePage } from './write-page.ts';

/** Where what was found fit waits until all has been judged. */
export interface Spool {
  add(importable: Importable): Promise<void>;
  /** In the order in which they came. */
  read(): AsyncIterable<Importable>;
}

export interface ImportDependencies {
  readonly providers: Settings['providers'];
  readonly store: Pick<ImportStore, 'owners'>;
  readonly spool: Spool;
  readonly writePage: WritePage;
  /** Those of the users that there are not; absent: nobody looks. */
  readonly goneUsers?: ((uids: readonly string[]) => Promise<readonly string[]>) | undefined;
  readonly clock: Clock;
}

export interface ImportOptions {
  readonly epoch?: Epoch | undefined;
  /** Judges, and writes nothing. */
  readonly isDryRun?: boolean;
  /** Writes what is fit although something was refused. */
  readonly skipsRefused?: boolean;
  /** Once it is aborted, what is under way is finished and nothing more begun. */
  readonly signal?: AbortSignal;
  readonly onRefused: (refusal: Refusal) => void;
}

/** How far an import has come; changes as it goes on. */
export interface Progress {
  phase: 'validating' | 'writing' | 'done';
  read: number;
  fit: number;
  refused: number;
  created: number;
  existing: number;
}

export const begun: Readonly<Progress> = {
  phase: 'validating',
  read: 0,
  fit: 0,
  refused: 0,
  created: 0,
  existing: 0,
};

/** What Firebase Auth is asked for at once. */
const judgedAtOnce = 100;
/** A commit may have 10 MiB; three writes for each connection keep to the old limit of 500. */
const page = { connections: 150, tokenCharacters: 2 * 1024 * 1024 } as const;
const pagesAtOnce = 4;

/**
 * Takes connections in: judges all of them before it writes the first, then writes page by page. Memory
 * is bounded but for an id of each connection, some 100 bytes. A run that was killed is resumed by
 * another of the same source: what is there already is left as it is.
 *
 * @throws StrongroomError `unavailable`: what was written stays; run it again.
 */
export async function runImport(
  dependencies: ImportDependencies,
  source: AsyncIterable<Sourced>,
  options: ImportOptions,
  progress: Progress,
): Promise<void> {
  await judgeAll(dependencies, source, options, progress);
  const isBarred = progress.refused > 0 && options.skipsRefused !== true;
  if (isBarred || options.isDryRun === true || options.signal?.aborted) return;
  progress.phase = 'writing';
  await writeAll(dependencies, options, progress);
  if (!options.signal?.aborted) progress.phase = 'done';
}

async function judgeAll(
  dependencies: ImportDependencies,
  source: AsyncIterable<Sourced>,
  { epoch, signal, onRefused }: ImportOptions,
  progress: Progress,
): Promise<void> {
  const { providers, spool, clock } = dependencies;
  const seen = new Map<string, string>();
  const refuse = (refusal: Refusal) => {
    progress.refused += 1;
    onRefused(refusal);
  };
  const judge = async (group: readonly Sourced[]) => {
    const now = clock.now();
    const alone = group.map((sourced) => importableOf(sourced, { providers, epoch, now }));
    const judged = await judgeTogether(dependencies, alone);
    for (const found of judged) {
      progress.read += 1;
      const verdict = isRefusal(found) ? found : (repeatedOf(found, seen) ?? found);
      if (isRefusal(verdict)) refuse(verdict);
      else {
        progress.fit += 1;
        await spool.add(verdict);
      }
    }
  };
  for await (const group of groupsOf(source, judgedAtOnce)) {
    if (signal?.aborted) return;
    await judge(group);
  }
}

/** Looks up what one line alone cannot tell, in their order. */
async function judgeTogether(
  { goneUsers, store }: ImportDependencies,
  alone: readonly (Importable | Refusal)[],
): Promise<(Importable | Refusal)[]> {
  const fit = alone.flatMap((found) => (isRefusal(found) ? [] : [found]));
  const uids = [...new Set(fit.map(({ uid }) => uid))];
  const [gone, owners] = await Promise.all([
    uids.length === 0 ? [] : (goneUsers?.(uids) ?? []),
    store.owners(fit.filter(({ isIdGiven }) => isIdGiven).map(({ id }) => id)),
  ]);
  const missing = new Set(gone);
  return alone.map((found) => {
    if (isRefusal(found)) return found;
    if (missing.has(found.uid)) {
      return { where: found.where, field: 'uid', reason: 'is that of no user' };
    }
    return foreignOf(found, owners.get(found.id)) ?? found;
  });
}

function repeatedOf({ where, id, isIdGiven }: Importable, seen: Map<string, string>) {
  const before = seen.get(id);
  if (before === undefined) {
    seen.set(id, where);
    return undefined;
  }
  const field = isIdGiven ? 'connectionId' : '(line)';
  return { where, field, reason: `is the same connection as ${before}` };
}

async function writeAll(
  { spool, writePage }: ImportDependencies,
  { signal, onRefused }: ImportOptions,
  progress: Progress,
): Promise<void> {
  const pages = groupsOf(spool.read(), page.connections, page.tokenCharacters);
  let failed = false;
  // The generator gives each page to one of them.
  const work = async (): Promise<void> => {
    for (;;) {
      if (failed || signal?.aborted) return;
      const { done, value } = await pages.next();
      if (done === true) return;
      try {
        const { created, existing, refused } = await writePage(value);
        progress.created += created;
        progress.existing += existing;
        progress.refused += refused.length;
        for (const refusal of refused) onRefused(refusal);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: pagesAtOnce }, work));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** @param sizeMax of their tokens together. */
async function* groupsOf<T extends Sourced | Importable>(
  items: AsyncIterable<T>,
  countMax: number,
  sizeMax = Number.POSITIVE_INFINITY,
): AsyncGenerator<T[], void, undefined> {
  let group: T[] = [];
  let size = 0;
  for await (const item of items) {
    group.push(item);
    size += sizeOf(item);
    if (group.length < countMax && size < sizeMax) continue;
    yield group;
    [group, size] = [[], 0];
  }
  if (group.length > 0) yield group;
}

function sizeOf(item: Sourced | Importable): number {
  if (!('tokenSet' in item)) return 0;
  const { accessToken, refreshToken = '', idToken = '' } = item.tokenSet;
  return accessToken.length + refreshToken.length + idToken.length;
}
