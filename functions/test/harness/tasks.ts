import { revokeLaterSchema } from '../../src/connections/end/revoke-later.ts';
import { seedLaterSchema } from '../../src/connections/sign-in/seed.ts';
import type { Enqueue, Queue } from '../../src/platform/tasks.ts';
import { spilledSchema } from '../../src/refresh/spill.ts';
import type { Suite } from '../../src/suite.ts';
import { batchRequest, parseRequest } from '../../src/triggers/requests.ts';

/** What was handed to a task queue, as it went over the wire. */
export interface Task {
  readonly queue: Queue;
  readonly data: unknown;
  readonly delaySeconds: number;
}

export interface Delivery {
  readonly twice?: boolean;
  /** The last that was handed over comes first. */
  readonly lastFirst?: boolean;
}

/** A task queue that keeps its tasks until a test delivers them. */
export interface TaskQueue {
  /** Those not yet delivered, and those that failed. */
  readonly tasks: Task[];
  readonly enqueue: Enqueue;
  /**
   * Delivers what is there, one after the other; what comes of that stays for the next time.
   *
   * @throws what the first task threw that failed; it is kept, as a real queue would, with those
   *   after it.
   */
  run(suite: Suite, delivery?: Delivery): Promise<void>;
}

export function createTaskQueue(): TaskQueue {
  const tasks: Task[] = [];
  return {
    tasks,
    enqueue: async (queue, data, { delaySeconds = 0 } = {}) => {
      tasks.push({ queue, data: JSON.parse(JSON.stringify(data)), delaySeconds });
    },
    async run(suite, { twice = false, lastFirst = false } = {}) {
      const there = tasks.splice(0);
      const inOrder = lastFirst ? there.toReversed() : there;
      for (const [n, task] of inOrder.entries()) {
        try {
          for (let times = twice ? 2 : 1; times > 0; times -= 1) await deliver(suite, task);
        } catch (error) {
          tasks.unshift(...inOrder.slice(n));
          throw error;
        }
      }
    },
  };
}

/** As the task queue functions take them. */
async function deliver(suite: Suite, { queue, data }: Task): Promise<void> {
  switch (queue) {
    case 'refreshBatch':
      return suite.refreshBatch(parseRequest(batchRequest, data));
    case 'commitRefresh':
      return suite.commitRefresh(parseRequest(spilledSchema, data));
    case 'deliverEvents':
      return suite.deliverEvents(Object(data).lanes, Number.POSITIVE_INFINITY);
    case 'keepSignIn':
      return suite.seedLater(parseRequest(seedLaterSchema, data));
    case 'revokeGrant':
      return suite.revokeGrant(parseRequest(revokeLaterSchema, data));
  }
}
