import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  assertFails,
  assertSucceeds,
  initializeTestEnvironment,
  type RulesTestContext,
  type RulesTestEnvironment,
} from '@firebase/rules-unit-testing';
import { setLogLevel } from 'firebase/firestore';
import { stack } from '../../sandbox/test/stack.ts';
import { Firestore as AdminFirestore, PassThroughClient } from './clients.ts';

/** One of its own, so that nothing here is in another test's way. */
const projectId = 'demo-strongroom-rules';
const owner = 'alice';
const own = `strongroom/${owner}/connections/c1`;
const provider = 'strongroomProviders/acme';

/** A document in every collection of the suite, and in some that it does not know. */
const documents: readonly string[] = [
  `strongroom/${owner}`,
  own,
  `${own}/more/x`,
  `strongroom/${owner}/other/x`,
  `strongroom/${owner}/accounts/hash`,
  provider,
  `${provider}/more/x`,
  'strongroomVault/c1',
  'strongroomAuthorizations/hash',
  'strongroomAudit/record',
  'strongroomEvents/event',
  'strongroomLimits/limit',
  'strongroomSchedule/sweep',
  'unknown/x',
];

type Database = ReturnType<RulesTestContext['firestore']>;
type Operation = (db: Database, path: string) => Promise<unknown>;

const collectionOf = (path: string) => path.slice(0, path.lastIndexOf('/'));

const reads: Readonly<Record<string, Operation>> = {
  get: (db, path) => db.doc(path).get({ source: 'server' }),
  list: (db, path) => db.collection(collectionOf(path)).get({ source: 'server' }),
  query: (db, path) => db.collection(collectionOf(path)).where('uid', '==', owner).get(),
  'listen to': (db, path) => firstWord((next, error) => db.doc(path).onSnapshot(next, error)),
  'listen to all beside': (db, path) =>
    firstWord((next, error) => db.collection(collectionOf(path)).onSnapshot(next, error)),
};
const writes: Readonly<Record<string, Operation>> = {
  'create one beside': (db, path) => db.doc(`${collectionOf(path)}/new`).set({ uid: owner }),
  replace: (db, path) => db.doc(path).set({ uid: owner }),
  'merge into': (db, path) => db.doc(path).set({ status: 'active' }, { merge: true }),
  update: (db, path) => db.doc(path).update({ status: 'active' }),
  delete: (db, path) => db.doc(path).delete(),
};

/** Listens until the server's first word, good or bad. */
async function firstWord(
  listen: (next: () => void, error: (error: Error) => void) => () => void,
): Promise<void> {
  let stop = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      stop = listen(resolve, reject);
    });
  } finally {
    stop();
  }
}

describe('the rules of the database', function () {
  this.timeout(60_000);
  let environment: RulesTestEnvironment;
  let admin: AdminFirestore;
  let people: Readonly<Record<'owner' | 'other' | 'anonymous', Database>>;

  before(async () => {
    // The client logs every refusal, which is what most of these tests are about.
    setLogLevel('silent');
    environment = await initializeTestEnvironment({
      projectId,
      firestore: {
        host: '127.0.0.1',
        port: stack.ports.firestore,
        rules: readFileSync(new URL('../../firestore.rules', import.meta.url), 'utf8'),
      },
    });
    admin = openAsAdmin();
    people = {
      owner: environment.authenticatedContext(owner).firestore(),
      other: environment.authenticatedContext('mallory').firestore(),
      anonymous: environment.unauthenticatedContext().firestore(),
    };
    await environment.clearFirestore();
    for (const path of documents) await admin.doc(path).set({ uid: owner });
  });

  after(async () => {
    await admin.terminate();
    await environment.cleanup();
  });

  it('do not bind the Admin SDK, which the functions have', async () => {
    for (const path of documents) {
      assert.deepEqual((await admin.doc(path).get()).data(), { uid: owner });
    }
    const found = await admin.collectionGroup('connections').where('uid', '==', owner).get();
    assert.equal(found.size, 1);
  });

  for (const [name, read] of Object.entries(reads)) {
    it(`let an owner ${name} his status document`, () => assertSucceeds(read(people.owner, own)));
    for (const who of ['owner', 'other'] as const) {
      it(`let every user, such as the ${who}, ${name} whether a provider works`, () =>
        assertSucceeds(read(people[who], provider)));
    }
  }

  it('let an owner see a change of his status document as it happens', async () => {
    const seen: unknown[] = [];
    await firstWord((next, error) =>
      people.owner.doc(own).onSnapshot((snapshot) => {
        seen.push(snapshot.get('status'));
        if (seen.length > 1) next();
        else admin.doc(own).update({ status: 'needs_reauth' }).catch(error);
      }, error),
    );
    assert.deepEqual(seen, [undefined, 'needs_reauth']);
  });

  it('let an owner ask for a status document that is not there', async () => {
    const snapshot = await people.owner.doc(`strongroom/${owner}/connections/none`).get();
    assert.equal(snapshot.exists, false);
  });

  const callers = [
    ['an owner', () => people.owner],
    ['another user', () => people.other],
    ['anybody who is not signed in', () => people.anonymous],
  ] as const;
  for (const [who, db] of callers) {
    for (const path of documents) {
      const readers = { [own]: ['an owner'], [provider]: ['an owner', 'another user'] }[path];
      const isReadable = readers?.includes(who) ?? false;
      for (const [name, operation] of Object.entries({ ...writes, ...(!isReadable && reads) })) {
        it(`do not let ${who} ${name} ${path}`, () => assertFails(operation(db(), path)));
      }
    }
    for (const group of [
      'connections',
      'strongroomVault',
      'strongroomAuthorizations',
      'strongroomEvents',
      'strongroomProviders',
      'other',
    ]) {
      it(`do not let ${who} query the collection group ${group}, not even for his own`, async () => {
        const all = db().collectionGroup(group);
        await assertFails(all.get());
        await assertFails(all.where('uid', '==', owner).limit(1).get());
      });
    }
  }

  it('do not take a user of a tenant for the user of the same uid', async () => {
    const firebase = { sign_in_provider: 'password', identities: {}, tenant: 'tenant-1' } as const;
    const db = environment.authenticatedContext(owner, { firebase }).firestore();
    for (const read of Object.values(reads)) {
      await assertFails(read(db, own));
      await assertFails(read(db, provider));
    }
  });

  for (const uid of ['null', 'undefined']) {
    it(`do not take nobody for a user named ${uid}`, () =>
      assertFails(people.anonymous.doc(`strongroom/${uid}/connections/c1`).get()));
  }
});

/** The Admin SDK as the functions open it. */
function openAsAdmin(): AdminFirestore {
  const name = 'FIRESTORE_EMULATOR_HOST';
  const before = process.env[name];
  process.env[name] = `127.0.0.1:${stack.ports.firestore}`;
  try {
    return new AdminFirestore({ projectId, preferRest: true, authClient: new PassThroughClient() });
  } finally {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
}
