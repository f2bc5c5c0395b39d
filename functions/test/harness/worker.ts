/**
 * An instance of its own: a process with a suite, told what to do by its parent, which also sets its
 * clock.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { revokeLaterSchema } from '../../src/connections/end/revoke-later.ts';
import { seedLaterSchema } from '../../src/connections/sign-in/seed.ts';
import { type Resealing, resealSchema } from '../../src/keys/reseal.ts';
import { createServerClock } from '../../src/platform/server-clock.ts';
import type { Queue } from '../../src/platform/tasks.ts';
import type { Batch } from '../../src/refresh/batches.ts';
import { spilledSchema } from '../../src/refresh/spill.ts';
import { createSuite, type Suite } from '../../src/suite.ts';
import { batchRequest, parseRequest } from '../../src/triggers/requests.ts';
import { clockOf } from './worker-clock.ts';

export interface WorkerOptions {
  readonly projectId: string;
  readonly secretManagerHost: string;
  /** Where its clock is set. */
  readonly timesFile: string;
  /** What it judges by: Firestore's time, as deployed, or its own clock alone. */
  readonly clock: 'server' | 'own';
}

/** Some callers of one connection. */
export interface Callers {
  readonly uid: string;
  readonly connectionId: string;
  readonly times: number;
}

/** Stops this process by itself where no other process could do it in time. */
export type StopBefore = 'token request';

export type Work =
  | {
      readonly kind: 'call';
      readonly callers: readonly Callers[];
      readonly stopBefore?: StopBefore;
    }
  | { readonly kind: 'rotate' }
  | { readonly kind: 'refreshBatch'; readonly batch: Batch }
  | { readonly kind: 'resealBatch'; readonly resealing: Resealing };

const callTimeoutMs = 55_000;
const options: WorkerOptions = JSON.parse(process.argv[2] ?? '{}');
const local = clockOf(options.timesFile);
const clock = options.clock === 'own' ? local : createServerClock(local);
const suite: Suite = createSuite(
  {
    mode: 'sandbox',
    projectId: options.projectId,
    secretManagerHost: options.secretManagerHost,
  },
  {
    databaseId: '(default)',
    keyringSecretId: 'strongroom-keyring',
    providersSecretId: 'strongroom-providers',
  },
  {
    clock,
    // As Cloud Tasks would, but in this very process.
    enqueue: (queue, data) => tasks[queue](data),
  },
);

const tasks: Record<Queue, (data: object) => Promise<void>> = {
  refreshBatch: (data) => suite.refreshBatch(parseRequest(batchRequest, data)),
  commitRefresh: (data) => suite.commitRefresh(parseRequest(spilledSchema, data)),
  deliverEvents: async () => {},
  revokeGrant: (data) => suite.revokeGrant(parseRequest(revokeLaterSchema, data)),
  keepSignIn: (data) => suite.seedLater(parseRequest(seedLaterSchema, data)),
  resealBatch: (data) => suite.resealBatch(parseRequest(resealSchema, data)),
};

/** Calls `/me` that many times at once. @returns the status of each, or the error. */
async function call({ uid, connectionId, times }: Callers): Promise<string[]> {
  const deadlineAt = clock.ticks() + callTimeoutMs;
  const request = { method: 'GET', path: '/me' };
  const calls = Array.from({ length: times }, () =>
    suite.call({ uid }, connectionId, request, deadlineAt),
  );
  const outcomes = await Promise.allSettled(calls);
  return outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? String(outcome.value.status) : String(outcome.reason),
  );
}

async function perform(work: Work): Promise<string[]> {
  switch (work.kind) {
    case 'call': {
      if (work.stopBefore === 'token request') stopBeforeTokenRequest();
      return (await Promise.all(work.callers.map(call))).flat();
    }
    case 'rotate':
      await suite.rotate();
      return [];
    case 'refreshBatch':
      await suite.refreshBatch(work.batch);
      return [];
    case 'resealBatch':
      await suite.resealBatch(work.resealing);
      return [];
  }
}

/** Between the last look at the clock and the first byte that leaves; once. */
function stopBeforeTokenRequest(): void {
  const channel = 'http.client.request.created';
  const onRequest = (message: unknown) => {
    const { request }: { request?: ClientRequest } = Object(message);
    if (request?.method !== 'POST' || request.path !== '/token') return;
    unsubscribe(channel, onRequest);
    process.kill(process.pid, 'SIGSTOP');
  };
  subscribe(channel, onRequest);
}

process.on('message', ({ id, work }: { id: number; work: Work }) => {
  void perform(work).then(
    (outcomes) => process.send?.({ id, outcomes }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });
