import type { Interception, Meter } from '../../../sandbox/firestore-meter/meter.ts';

/** What a commit is for, told from what it writes. */
export type CommitKind = 'lease' | 'refresh' | 'connection' | 'authorization' | 'removal' | 'other';

const marks: readonly [CommitKind, RegExp][] = [
  ['refresh', /"committedBy":\{"stringValue"/],
  ['lease', /"lease":\{"mapValue"/],
  ['connection', /"sealed".*"account"/],
  ['removal', /"delete"/],
  ['authorization', /strongroomAuthorizations/],
];

export function kindOf(body: unknown): CommitKind {
  const text = JSON.stringify(body) ?? '';
  return marks.find(([, mark]) => mark.test(text))?.[0] ?? 'other';
}

/** What becomes of the commits of one kind; those that nothing is left for pass. */
export function atCommits(
  meter: Meter,
  kind: CommitKind,
  fates: (Interception | (() => Promise<Interception | undefined>))[],
): void {
  const left = [...fates];
  meter.setIntercept(async ({ operation, body }) => {
    if (operation.name !== 'commit' || kindOf(body) !== kind) return undefined;
    const fate = left.shift();
    return typeof fate === 'function' ? fate() : fate;
  });
}

/** Holds the next commit of a kind on its way to the database. */
export function holdCommit(meter: Meter, kind: CommitKind) {
  const [held] = holdCommits(meter, kind, 1);
  if (held === undefined) throw new Error('There is no commit to hold.');
  return held;
}

/** Holds that many commits of a kind, each for itself; those after them pass. */
export function holdCommits(meter: Meter, kind: CommitKind, count: number) {
  const holds = Array.from({ length: count }, () => {
    const reached = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<Interception | undefined>();
    return {
      hold() {
        reached.resolve();
        return gate.promise;
      },
      /** Resolves once the commit is held. */
      reached: reached.promise,
      /** Lets it pass, or meet that fate. */
      release: (fate?: Interception) => gate.resolve(fate),
    };
  });
  atCommits(
    meter,
    kind,
    holds.map(({ hold }) => hold),
  );
  return holds;
}
