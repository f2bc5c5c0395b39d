import assert from 'node:assert/strict';
import { Timestamp } from 'firebase-admin/firestore';
import { stack } from '../../../sandbox/test/stack.ts';
import { connectionsPerSweep, createSweep } from '../../src/connections/upkeep/sweep.ts';
import { createForgettingStore } from '../../src/store/forgetting-store.ts';
import { openDatabase } from '../harness/database.ts';
import { refuses } from '../harness/errors.ts';
import { createPopulation, type Population, residentId } from '../harness/population.ts';
import { knowing } from '../harness/standings.ts';
import { createWorld, type World } from '../harness/world.ts';

const pageSize = 500;

describe('the hourly sweep', function () {
  this.timeout(120_000);
  let world: World;
  let db: ReturnType<typeof openDatabase>;
  let population: Population;
  before(async () => {
    world = await createWorld();
    db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, world.projectId);
  });
  after(async () => {
    await db.terminate();
    await world.stop();
  });
  beforeEach(async () => {
    await world.reset();
    population = createPopulation(world);
  });
  afterEach(() => population.leave());

  const settle = (count: number) =>
    population.settle(Array.from({ length: count }, () => ({ provider: 'sandbox', refreshAt: 0 })));
  const sweepOf = (changes: Partial<Parameters<typeof createSweep>[0]> = {}) =>
    createSweep({
      store: world.store,
      forgettings: createForgettingStore(db),
      standings: knowing(),
      pause: { pause: async () => 0, resume: async () => 0 },
      forget: async () => assert.fail('Nobody is gone.'),
      warn: async () => 0,
      probe: async () => {},
      clock: world.clock,
      ...changes,
    });
  /** The pages that a run takes, each by the connection after which it begins. */
  const pagesOf = async (changes?: Parameters<typeof sweepOf>[0]) => {
    const begins: (string | undefined)[] = [];
    const listOwners: typeof world.store.listOwners = (after, limit) => {
      begins.push(after);
      return world.store.listOwners(after, limit);
    };
    await sweepOf({ store: { ...world.store, listOwners }, ...changes })();
    return begins;
  };

  it('looks at 5,000 connections, page by page, and goes on from there the next time', async () => {
    const begins: (string | undefined)[] = [];
    /** As many as there could ever be. */
    const listOwners: typeof world.store.listOwners = async (after, limit) => {
      begins.push(after);
      const first = after === undefined ? 0 : Number(after) + 1;
      return Array.from({ length: limit }, (_, n) => ({
        id: `${first + n}`,
        uid: 'nobody',
        status: 'active',
      }));
    };
    const sweep = sweepOf({ store: { ...world.store, listOwners } });
    await sweep();
    assert.equal(begins.length, connectionsPerSweep / pageSize);
    await sweep();
    assert.equal(begins[begins.length / 2], `${connectionsPerSweep - 1}`);
  });

  it('begins anew once it has seen the last', async () => {
    await settle(pageSize + 1);
    assert.deepEqual((await pagesOf()).length, 2);
    assert.deepEqual((await pagesOf())[0], undefined);
  });

  it('begins no further page once it has looked for a minute', async () => {
    await settle(3 * pageSize);
    const standings = async () => {
      world.clock.advance(31_000);
      return new Map();
    };
    assert.equal((await pagesOf({ standings })).length, 2);
    assert.ok(await world.store.readCursor());
  });

  it('keeps what it has come to where a later page cannot be read', async () => {
    await settle(2 * pageSize);
    let pages = 0;
    const standings = async (uids: readonly string[]) => {
      if (uids.length > 0) pages += 1;
      if (pages === 2) throw new Error('Firebase Auth is away.');
      return new Map();
    };
    await assert.rejects(sweepOf({ standings })(), /away/);
    const cursor = await world.store.readCursor();
    assert.ok(cursor);
    assert.equal((await pagesOf())[0], cursor);
  });

  it('comes round although a document has been spoilt', async () => {
    await settle(2);
    await db.doc(`strongroomVault/${residentId(0)}`).update({ uid: 7 });
    await db.doc('strongroomSchedule/forget_spoilt').set({ beganAt: Timestamp.fromMillis(0) });
    const asked: string[] = [];
    const standings = async (uids: readonly string[]) => {
      asked.push(...uids);
      return new Map();
    };
    await sweepOf({ standings })();
    assert.deepEqual(asked, ['nobody']);
  });

  it('looks at all where no provider can be tried, and says so in the end', async () => {
    await settle(1);
    const asked: string[] = [];
    const sweep = sweepOf({
      probe: () => Promise.reject(new Error('There is no task queue.')),
      standings: async (uids) => {
        asked.push(...uids);
        return new Map();
      },
    });
    await assert.rejects(sweep(), /no task queue/);
    assert.deepEqual(asked, ['nobody']);
  });

  it('says that a user could not be forgotten after it has looked at the others', async () => {
    await settle(pageSize + 1);
    await db.doc(`strongroomVault/${residentId(0)}`).update({ uid: 'ada' });
    const forgotten: string[] = [];
    const sweep = sweepOf({
      standings: async (uids) => new Map(uids.map((uid) => [uid, { kind: 'gone' }])),
      forget: async (uid) => {
        if (uid === 'ada') await world.suite.get({ uid }, 'none');
        forgotten.push(uid);
        return { connections: 1, pending: 0 };
      },
    });
    await refuses('connection_not_found', sweep());
    assert.deepEqual([...new Set(forgotten)], ['nobody']);
    assert.equal(await world.store.readCursor(), undefined);
  });
});
