import { stack } from '../../../sandbox/test/stack.ts';
import type { AuditRecord } from '../../src/audit/record.ts';
import { createAuditStore } from '../../src/store/audit-store.ts';
import { openDatabase } from './database.ts';
import type { World } from './world.ts';

/** What the audit of a world says of a user, or of nobody (null), newest first; read past the meter. */
export async function recordsIn(world: World, uid: string | null): Promise<AuditRecord[]> {
  const db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, world.projectId);
  try {
    const found = await createAuditStore(db).list({ uid, limit: 500 });
    return found.map(({ record }) => record);
  } finally {
    await db.terminate();
  }
}

/** The paths of all documents but those of the audit. */
export async function pathsIn(world: World): Promise<string[]> {
  const paths = Object.keys(await world.documents());
  return paths.filter((path) => !path.startsWith('strongroomAudit/'));
}
