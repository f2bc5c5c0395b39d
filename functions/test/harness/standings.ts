import type { Standing } from '../../src/platform/users.ts';

/** Firebase Auth, which knows of these users and takes all others as present. */
export function knowing(known: Readonly<Record<string, Standing>> = {}) {
  return async (uids: readonly string[]): Promise<Map<string, Standing>> =>
    new Map(uids.map((uid) => [uid, known[uid] ?? { kind: 'present' }]));
}
