import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { DocumentData } from 'firebase-admin/firestore';
import { stack } from '../../../sandbox/test/stack.ts';
import { createSecretReader } from '../../src/platform/secret-manager.ts';
import type { VaultDocument } from '../../src/store/documents.ts';
import { createKeyring } from '../../src/vault/keyring.ts';
import { createSealer, type Place, type Sealer } from '../../src/vault/seal.ts';
import type { Firestore } from '../clients.ts';
import { recordsIn } from '../harness/audit.ts';
import { openDatabase } from '../harness/database.ts';
import { refuses } from '../harness/errors.ts';
import { changesNothing } from '../harness/unchanged.ts';
import { createWorld, type World } from '../harness/world.ts';

const minuteMs = 60_000;

/** What somebody has who can read and write the database, and for years could. */
interface Loot {
  /** Ada's, as it is now. */
  readonly own: VaultDocument;
  /** Ada's, one refresh ago. */
  readonly older: VaultDocument;
  /** Another connection of Ada's. */
  readonly sibling: VaultDocument;
  readonly graces: VaultDocument;
  /** Sealed by us for the same connection, user and generation, but for other fields. */
  readonly spilled: string;
  readonly toRevoke: string;
  /** The PKCE verifier of an authorization of Ada's. */
  readonly authorization: string;
}

const partsOf = ({ sealed }: { readonly sealed: string }) => sealed.split('.');
const joined = (parts: readonly string[]) => ({ sealed: parts.join('.') });

/** One bit of what a part says. */
function flipped(part: string): string {
  const bytes = Buffer.from(part, 'base64url');
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes.toString('base64url');
}

function withHeader(
  document: VaultDocument,
  change: (header: Readonly<Record<string, unknown>>) => unknown,
) {
  const [header = '', ...rest] = partsOf(document);
  const changed = change(JSON.parse(Buffer.from(header, 'base64url').toString()));
  return joined([Buffer.from(JSON.stringify(changed)).toString('base64url'), ...rest]);
}

type Change = (loot: Loot) => DocumentData;

/** What he makes of Ada's document. */
const tamperings: Readonly<Record<string, Change>> = {
  "has another user's sealed value": ({ graces: { sealed } }) => ({ sealed }),
  "has another user's sealed value with its generation": ({ graces }) => ({
    sealed: graces.sealed,
    generation: graces.generation,
  }),
  "has another user's sealed value under a header of its own": ({ own, graces }) =>
    joined([...partsOf(own).slice(0, 1), ...partsOf(graces).slice(1)]),
  'has the sealed value of another connection of the same user': ({ sibling }) => ({
    sealed: sibling.sealed,
    generation: sibling.generation,
  }),
  'has the sealed value of an older generation': ({ older: { sealed } }) => ({ sealed }),
  'has an older generation': ({ older: { generation } }) => ({ generation }),
  'has a newer generation': ({ own: { generation } }) => ({ generation: generation + 1 }),
  'names another provider': () => ({ provider: 'sandbox-oauth2' }),
  'has what was sealed for a task': ({ spilled }) => ({ sealed: spilled }),
  'has what was sealed to be revoked': ({ toRevoke }) => ({ sealed: toRevoke }),
  'has what was sealed for an authorization': ({ authorization }) => ({ sealed: authorization }),
  'has a sealed value cut in half': ({ own: { sealed } }) => ({
    sealed: sealed.slice(0, sealed.length / 2),
  }),
  'has a sealed value without its last character': ({ own: { sealed } }) => ({
    sealed: sealed.slice(0, -1),
  }),
  'has a sealed value without its tag': ({ own }) => joined(partsOf(own).slice(0, 4)),
  'has a sealed value with an empty tag': ({ own }) => joined([...partsOf(own).slice(0, 4), '']),
  ...Object.fromEntries(
    ['header', 'wrapped key', 'initialisation vector', 'ciphertext', 'tag'].map((what, flip) => [
      `has another bit in its ${what}`,
      ({ own }: Loot) =>
        joined(partsOf(own).map((part, index) => (index === flip ? flipped(part) : part))),
    ]),
  ),
  'has no header': ({ own }) => joined(['', ...partsOf(own).slice(1)]),
  'has lost the header': ({ own }) => joined(partsOf(own).slice(1)),
  'has an empty object for a header': ({ own }) => withHeader(own, () => ({})),
  'names another key version, which exists': ({ own }) =>
    withHeader(own, (header) => ({ ...header, kid: '2' })),
  'names a key version that does not exist': ({ own }) =>
    withHeader(own, (header) => ({ ...header, kid: '99' })),
  'names no key version': ({ own }) => withHeader(own, ({ kid: _, ...header }) => header),
  'names the newest key version by its alias': ({ own }) =>
    withHeader(own, (header) => ({ ...header, kid: 'latest' })),
  'names a weaker encryption': ({ own }) =>
    withHeader(own, (header) => ({ ...header, enc: 'A128GCM' })),
  'names another encryption': ({ own }) =>
    withHeader(own, (header) => ({ ...header, enc: 'A128CBC-HS256' })),
  'names direct encryption': ({ own }) => withHeader(own, (header) => ({ ...header, alg: 'dir' })),
  'names no algorithm': ({ own }) => withHeader(own, (header) => ({ ...header, alg: 'none' })),
  'claims to be compressed': ({ own }) => withHeader(own, (header) => ({ ...header, zip: 'DEF' })),
  'has an unsecured token in its place': () => ({
    sealed: `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`,
  }),
  'has a token set in clear': () => ({
    sealed: JSON.stringify({ accessToken: 'a', tokenType: 'bearer', scopes: [], obtainedAt: 0 }),
  }),
  'has an empty sealed value': () => ({ sealed: '' }),
  'has null for a sealed value': () => ({ sealed: null }),
  'has a map for a sealed value': () => ({ sealed: { accessToken: 'a' } }),
};

describe('whoever can write the database', function () {
  this.timeout(120_000);

  let world: World;
  let db: Firestore;
  let sealer: Sealer;
  let id: string;
  let loot: Loot;
  /** Ada's document as Firestore has it. */
  let original: DocumentData;

  const reference = (connectionId = id) => db.doc(`strongroomVault/${connectionId}`);
  const authorizations = async (uid: string) =>
    (await db.collection('strongroomAuthorizations').where('uid', '==', uid).get()).docs.filter(
      (snapshot) => snapshot.get('sealed') !== null,
    );
  const pendingOf = async (uid: string) => {
    const answer = await world.answer(uid);
    const [found] = await authorizations(uid);
    assert.ok(found);
    return { answer, reference: found.ref, data: found.data() };
  };
  /** A minute of its own: one record is kept in each. */
  const nextMinute = () => world.clock.advance(minuteMs - (world.clock.now() % minuteMs));
  const tamperingsSince = async (since: number, ...uids: (string | null)[]) => {
    const all = await Promise.all(uids.map((uid) => recordsIn(world, uid)));
    return all
      .flat()
      .filter(({ type, occurredAt }) => type === 'tampering' && occurredAt >= since)
      .map((record) => {
        const {
          actor,
          occurredAt: _occurredAt,
          deleteAt: _deleteAt,
          type: _type,
          ...rest
        } = record;
        assert.equal(actor, 'suite');
        return rest;
      });
  };
  const untouched = () => {
    const { tokenRequests, tokenErrors, apiCalls, revocations } = world.provider.counters();
    assert.deepEqual(
      [tokenRequests.total, tokenErrors, apiCalls.total, revocations],
      [0, 0, 0, 0],
      'a provider was asked',
    );
  };
  const deadlineAt = () => world.clock.ticks() + 55_000;
  const batchOf = (generation: number, provider = 'sandbox') => ({
    provider,
    startAt: world.clock.now(),
    connections: [{ id, generation }],
  });

  before(async () => {
    world = await createWorld();
    db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, world.projectId);
    const { projectId, clock } = world;
    const secretManagerHost = `127.0.0.1:${world.secretManager.port}`;
    const secrets = createSecretReader({ mode: 'sandbox', projectId, secretManagerHost });
    sealer = createSealer(createKeyring({ secrets, secretId: 'strongroom-keyring', clock }));

    // Tokens that work all the time: what is refused is so for what was done to it.
    world.provider.updateSettings({ accessTokenSeconds: 86_400 });
    ({ id } = await world.connect('ada'));
    const older = await world.vault(id);
    await world.suite.refreshBatch(batchOf(1));
    const own = await world.vault(id);
    assert.equal(own.generation, 2);
    const { id: siblingId } = await world.connect('ada', { account: 'ada-at-work' });
    const { id: gracesId } = await world.connect('grace');
    const { data } = await pendingOf('ada');
    const seal = async (place: Partial<Place>) => {
      const { uid, generation } = own;
      const here: Place = { uid, document: id, generation, field: 'tokenSet', ...place };
      return (await sealer.seal({ accessToken: 'a' }, here)).jwe;
    };
    loot = {
      own,
      older,
      sibling: await world.vault(siblingId),
      graces: await world.vault(gracesId),
      spilled: await seal({ field: 'spilledTokenSet' }),
      toRevoke: await seal({ field: 'grantToRevoke', uid: '' }),
      authorization: String(data['sealed']),
    };
    original = (await reference().get()).data() ?? {};
    // Also a second key is there to be named.
    world.secretManager.addSecretVersion('strongroom-keyring', randomBytes(32));
    world.publish(({ providers, ...settings }) => ({
      ...settings,
      providers: Object.fromEntries(
        Object.entries(providers).map(([name, provider]) => [
          name,
          { ...provider, allowTokenRelease: true },
        ]),
      ),
    }));
  });
  after(async () => {
    await db.terminate();
    await world.stop();
  });
  beforeEach(async () => {
    await reference().set(original);
    nextMinute();
    world.provider.resetCounters();
  });

  it('has changed nothing in this test: all of it works', async () => {
    const suite = world.newSuite();
    assert.equal(await world.call('ada', id, suite), 200);
    assert.ok((await suite.token({ uid: 'ada' }, id, deadlineAt())).accessToken);
    assert.deepEqual(await tamperingsSince(0, 'ada', 'grace', null), []);
  });

  describe('gets no token to a provider, and is recorded once, by a document that', () => {
    for (const [what, change] of Object.entries(tamperings)) {
      it(what, async () => {
        await reference().update(change(loot));
        const { generation, provider } = await world.vault(id);
        const since = world.clock.now();
        await changesNothing(world, async () => {
          const suite = world.newSuite();
          await refuses('sealed_value_rejected', world.call('ada', id, suite));
          const release = suite.token({ uid: 'ada' }, id, deadlineAt());
          await refuses('sealed_value_rejected', release);
          // The same in another instance.
          await refuses('sealed_value_rejected', world.call('ada', id, world.newSuite()));
          assert.equal((await suite.get({ uid: 'ada' }, id)).status, 'active');
          assert.equal((await suite.list({ uid: 'ada' })).length, 2);
        });
        const before = await world.vault(id);
        await world.newSuite().refreshBatch(batchOf(generation, provider));
        // It must not come first in every run of the rotation; else it is as it was.
        const { refreshAt, ...after } = await world.vault(id);
        assert.ok(refreshAt !== null && refreshAt > world.clock.now());
        assert.deepEqual({ ...after, refreshAt: before.refreshAt }, before);
        untouched();
        const place = { uid: 'ada', connectionId: id, field: 'tokenSet', generation };
        assert.deepEqual(await tamperingsSince(since, 'ada', 'grace', null), [place]);
      });
    }
  });

  it('gets no token of one user under the name of another', async () => {
    await reference().update({ uid: 'grace' });
    const since = world.clock.now();
    await changesNothing(world, async () => {
      const suite = world.newSuite();
      await refuses('sealed_value_rejected', world.call('grace', id, suite));
      await refuses('sealed_value_rejected', suite.token({ uid: 'grace' }, id, deadlineAt()));
      await refuses('connection_not_found', world.call('ada', id, suite));
    });
    untouched();
    assert.deepEqual(await tamperingsSince(since, 'ada', 'grace', null), [
      { uid: 'grace', connectionId: id, field: 'tokenSet', generation: 2 },
    ]);
  });

  it('gets no token by a copy of a whole document under another id', async () => {
    const copy = 'copied'.padEnd(22, '-');
    await reference(copy).set(original);
    await refuses('sealed_value_rejected', world.call('ada', copy, world.newSuite()));
    await reference(copy).delete();
    untouched();
  });

  it('gets none by the rotation, which goes on with what is whole', async () => {
    world.clock.advance(2 * 86_400_000);
    await reference().update({ sealed: loot.graces.sealed });
    const since = world.clock.now();
    const suite = world.newSuite();
    world.provider.resetCounters();
    await suite.rotate();
    await world.runTasks({ suite });
    assert.equal((await world.vault(id)).generation, 2);
    // Ada's other one and Grace's.
    assert.deepEqual(world.provider.counters().tokenRequests.byGrantType, { refresh_token: 2 });
    assert.deepEqual(await tamperingsSince(since, 'ada', 'grace', null), [
      { uid: 'ada', connectionId: id, field: 'tokenSet', generation: 2 },
    ]);
  });

  describe('of a pending authorization gets no code to a provider', () => {
    const changes: Readonly<
      Record<string, (own: DocumentData, other: DocumentData) => DocumentData>
    > = {
      "by the verifier of another user's": (_, { sealed }) => ({ sealed }),
      'by a token set in its place': () => ({ sealed: loot.own.sealed }),
      'by naming another provider, to which the code would go': () => ({
        provider: 'sandbox-oauth2',
      }),
      'by cutting it': ({ sealed }) => ({ sealed: String(sealed).slice(0, -20) }),
      'by taking it away': () => ({ sealed: 0 }),
    };
    for (const [how, change] of Object.entries(changes)) {
      it(how, async () => {
        const [own, other] = [await pendingOf('linus'), await pendingOf('mallory')];
        await own.reference.update(change(own.data, other.data));
        await other.reference.update({ sealed: own.data['sealed'] });
        const since = world.clock.now();
        await changesNothing(world, async () => {
          for (const [uid, { answer }] of Object.entries({ linus: own, mallory: other })) {
            const completing = world.newSuite().complete({ uid }, answer);
            await refuses('sealed_value_rejected', completing);
          }
        });
        assert.equal(world.provider.counters().tokenRequests.total, 0);
        const place = { connectionId: null, field: 'authorization', generation: 0 };
        assert.deepEqual(await tamperingsSince(since, 'linus', 'mallory', null), [
          { uid: 'linus', ...place },
          { uid: 'mallory', ...place },
        ]);
        // Whoever begins again is connected.
        assert.equal((await world.connect('linus')).status, 'active');
        for (const found of [own, other]) await found.reference.delete();
      });
    }

    it('by giving it to another user', async () => {
      const { answer, reference: pending } = await pendingOf('linus');
      await pending.update({ uid: 'mallory' });
      await changesNothing(world, async () => {
        const completing = world.newSuite().complete({ uid: 'mallory' }, answer);
        await refuses('sealed_value_rejected', completing);
      });
      await pending.delete();
    });
  });

  describe('or make tasks gets nothing', () => {
    const place = () => ({ id, uid: 'ada', generation: 2 });

    it('written by what claims to be the result of a refresh', async () => {
      const { sealed } = loot.own;
      const since = world.clock.now();
      await changesNothing(world, async () => {
        for (const payload of [
          { ...place(), sealed },
          { ...place(), sealed: loot.toRevoke },
          { ...place(), sealed: loot.graces.sealed },
          { ...place(), sealed: loot.spilled, generation: 3 },
          { ...place(), sealed: loot.spilled, uid: 'grace' },
          { ...place(), sealed: loot.spilled.slice(0, -10) },
          { ...place(), sealed: '' },
        ]) {
          await refuses('sealed_value_rejected', world.newSuite().commitRefresh(payload));
        }
      });
      untouched();
      const records = await tamperingsSince(since, 'ada', 'grace', null);
      assert.equal(records.length, 1);
      assert.equal(Object(records[0]).field, 'spilledTokenSet');
    });

    it('revoked by what claims to be a grant', async () => {
      const since = world.clock.now();
      await changesNothing(world, async () => {
        for (const payload of [
          { connectionId: id, generation: 2, sealed: loot.own.sealed },
          { connectionId: id, generation: 3, sealed: loot.toRevoke },
          { connectionId: id, generation: 2, sealed: loot.toRevoke.slice(1) },
        ]) {
          await world.newSuite().revokeGrant(payload);
        }
      });
      untouched();
      assert.deepEqual(await tamperingsSince(since, 'ada', null), [
        { uid: null, connectionId: id, field: 'grantToRevoke', generation: 2 },
      ]);
    });
  });

  describe('does no lasting harm', () => {
    const chosen = [
      "has another user's sealed value",
      'has a newer generation',
      'names another provider',
      'has null for a sealed value',
    ];
    for (const [n, what] of chosen.entries()) {
      // Of each its own: an account that is connected already is the same connection.
      const account = `linus-${n}`;
      const change = tamperings[what];
      assert.ok(change);

      it(`where it ${what}: connecting the account again heals it`, async () => {
        const { id: mine } = await world.connect('linus', { account });
        const { generation } = await world.vault(mine);
        await reference(mine).update(change(loot));
        await refuses('sealed_value_rejected', world.call('linus', mine, world.newSuite()));
        const { id: same } = await world.connect('linus', { account, connectionId: mine });
        assert.equal(same, mine);
        assert.ok((await world.vault(mine)).generation > generation);
        assert.equal((await world.vault(mine)).provider, 'sandbox');
        assert.equal(await world.call('linus', mine, world.newSuite()), 200);
      });

      it(`where it ${what}: its user can end it; that its grant lives on is recorded`, async () => {
        const { id: mine } = await world.connect('linus', { account: `${account}-at-work` });
        await reference(mine).update(change(loot));
        world.provider.resetCounters();
        const outcome = await world.newSuite().disconnect({ uid: 'linus' }, mine);
        assert.equal(outcome.revoked, false);
        untouched();
        assert.equal(await world.store.readVault(mine), undefined);
        assert.equal(await world.store.readStatus('linus', mine), undefined);
        const found = (await recordsIn(world, 'linus')).filter(
          (record) => 'connectionId' in record && record.connectionId === mine,
        );
        const reasons = found.map((record) => ('reason' in record ? record.reason : record.type));
        assert.deepEqual(reasons.sort(), ['sealed_value_rejected', 'tampering']);
      });
    }
  });
});
