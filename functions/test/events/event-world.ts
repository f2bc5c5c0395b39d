import { stack } from '../../../sandbox/test/stack.ts';
import { createOutbox } from '../../src/events/outbox.ts';
import type { Enqueue } from '../../src/platform/tasks.ts';
import type { Settings } from '../../src/providers/settings-schema.ts';
import { isEvent } from '../../src/store/companions.ts';
import type { EventState, NewEvent } from '../../src/store/event-documents.ts';
import { addEvents } from '../../src/store/event-store.ts';
import type { Suite } from '../../src/suite.ts';
import { openDatabase } from '../harness/database.ts';
import { createWorld, type World } from '../harness/world.ts';
import { type Receiver, startReceiver } from './receiver.ts';

export const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** A world whose settings name a webhook, which is a real server. */
export interface EventWorld {
  readonly world: World;
  readonly receiver: Receiver;
  /** The lanes of tasks that were enqueued and not yet run. */
  readonly tasks: string[][];
  /** An instance with those settings, whose tasks go to `tasks`. */
  newSuite(
    events?: Partial<NonNullable<Settings['events']>>,
    change?: (settings: Settings) => Settings,
  ): Suite;
  /** Runs the tasks that are there, as the queue would. */
  runTasks(suite: Suite): Promise<void>;
  /** A minute passes; `rotateTokens` hands over and the tasks run. */
  tick(suite: Suite, ms?: number): Promise<void>;
  /** Writes that many events of a connection that had `before`, and hands nothing over. */
  emit(connectionId: string, count: number, before?: number): Promise<readonly string[]>;
  /** The same for many connections, one event each, in one commit. */
  emitAll(before: ReadonlyMap<string, number>): Promise<void>;
  states(suite: Suite): Promise<Readonly<Record<string, EventState>>>;
  reset(): Promise<void>;
  stop(): Promise<void>;
}

const minuteMs = 60_000;
/** Far away, in ticks. */
export const noDeadline = Number.POSITIVE_INFINITY;

export async function createEventWorld(): Promise<EventWorld> {
  const world = await createWorld();
  const receiver = await startReceiver();
  const tasks: string[][] = [];
  const enqueue: Enqueue = async (queue, data) => {
    if (queue === 'deliverEvents') tasks.push([...Object(data).lanes]);
  };
  const settingsOf = (settings: Settings, events: Settings['events'] = {}): Settings => ({
    ...settings,
    events: { webhook: { url: receiver.url, secrets: [secret] }, ...events },
  });
  const read = async () => settingsOf({ app: { redirectUri: '', returnTo: [] }, providers: {} });
  const outbox = createOutbox({ settings: { read }, clock: world.clock, enqueue });
  const db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, world.projectId);
  const eventsOf = async (connectionId: string, count: number, before: number) => {
    const subject = { connectionId, uid: 'ada', provider: 'sandbox', events: before };
    const facts = Array.from({ length: count }, () => ({ type: 'recovered' }) as const);
    return (await outbox.open()).connection(subject, ...facts).documents.filter(isEvent);
  };
  const commit = async (documents: readonly NewEvent[]) => {
    const batch = db.batch();
    addEvents(db, batch, documents);
    await batch.commit();
  };
  const runTasks = async (suite: Suite) => {
    const batch = tasks.splice(0);
    await Promise.all(batch.map((lanes) => suite.deliverEvents(lanes, noDeadline)));
  };
  return {
    world,
    receiver,
    tasks,
    newSuite(events = {}, change = (unchanged) => unchanged) {
      world.publish((settings) => change(settingsOf(settings, events)));
      return world.newSuite({ enqueue });
    },
    runTasks,
    async tick(suite, ms = minuteMs) {
      world.clock.advance(ms);
      await suite.handOverEvents();
      await runTasks(suite);
    },
    async emit(connectionId, count, before = 0) {
      const documents = await eventsOf(connectionId, count, before);
      await commit(documents);
      return documents.map(({ id }) => id);
    },
    async emitAll(counts) {
      const entries = [...counts];
      const documents = await Promise.all(entries.map(([id, before]) => eventsOf(id, 1, before)));
      await commit(documents.flat());
    },
    async states(suite) {
      const found = await suite.events.list({});
      return Object.fromEntries(found.map(({ id, document }) => [id, document.state]));
    },
    async reset() {
      tasks.length = 0;
      receiver.reset();
      await world.reset();
    },
    async stop() {
      await Promise.all([world.stop(), receiver.stop(), db.terminate()]);
    },
  };
}
