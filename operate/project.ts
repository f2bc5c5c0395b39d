import { openFirestore } from '../functions/src/platform/firestore.ts';
import { createServerClock } from '../functions/src/platform/server-clock.ts';
import { createAuditStore } from '../functions/src/store/audit-store.ts';
import { createEventStore } from '../functions/src/store/event-store.ts';
import { enterEnvironment } from './environment.ts';

export { UsageError } from './environment.ts';

/** What operator commands work on. */
export function openProject() {
  const environment = enterEnvironment();
  const db = openFirestore(environment, process.env['STRONGROOM_DATABASE'] || '(default)');
  const clock = createServerClock();
  return {
    environment,
    db,
    projectId: environment.projectId,
    clock,
    events: createEventStore(db, clock.timed),
    audit: createAuditStore(db, clock.timed),
    close: () => db.terminate(),
  };
}

export type Project = ReturnType<typeof openProject>;
