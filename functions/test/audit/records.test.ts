import assert from 'node:assert/strict';
import { stack } from '../../../sandbox/test/stack.ts';
import type { AuditLevel } from '../../src/audit/level.ts';
import type { Suite } from '../../src/suite.ts';
import { recordsIn } from '../harness/audit.ts';
import { openDatabase } from '../harness/database.ts';
import { errorOf, refuses } from '../harness/errors.ts';
import { createWorld, type World } from '../harness/world.ts';

const ada = { uid: 'ada' };
const lifetimeMs = 300_000;
const dayMs = 86_400_000;
const denied = { status: 403, body: { error: { code: 403, status: 'PERMISSION_DENIED' } } };

describe('the audit', function () {
  this.timeout(60_000);
  let world: World;
  let db: ReturnType<typeof openDatabase>;
  before(async () => {
    world = await createWorld();
    db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, world.projectId);
  });
  after(async () => {
    await db.terminate();
    await world.stop();
  });
  beforeEach(() => world.reset());

  const suiteWith = (records: AuditLevel, keepDays = 400): Suite => {
    world.publish(({ providers, ...settings }) => ({
      ...settings,
      audit: { records, keepDays },
      providers: Object.fromEntries(
        Object.entries(providers).map(([id, provider]) => [
          id,
          { ...provider, allowTokenRelease: true },
        ]),
      ),
    }));
    return world.newSuite();
  };
  const typesOf = async (uid: string | null) =>
    (await recordsIn(world, uid)).map(({ type }) => type).reverse();
  const deadlineAt = () => world.clock.now() + 10_000;
  const live = async (suite: Suite) => {
    const { id } = await world.connect('ada', { suite });
    world.clock.advance(lifetimeMs + 1_000);
    await world.call('ada', id, suite);
    await suite.disconnect(ada, id);
  };

  const levels: readonly [AuditLevel, types: readonly string[]][] = [
    ['essential', []],
    ['connections', ['connected', 'disconnected']],
    ['everything', ['connected', 'refreshed', 'disconnected']],
  ];
  for (const [level, types] of levels) {
    it(`keeps of a connection's life what the level ${level} asks for`, async () => {
      await live(suiteWith(level));
      assert.deepEqual(await typesOf('ada'), types);
    });
  }

  it('costs one write in the same commit for each record, and nothing by default', async () => {
    const suite = suiteWith('everything');
    let id = '';
    const connect = async () => {
      ({ id } = await world.connect('ada', { suite }));
    };
    const connected = await world.costOf(connect);
    assert.equal(connected.writes, 6);
    world.clock.advance(lifetimeMs + 1_000);
    const refreshed = await world.costOf(() => world.call('ada', id, suite));
    assert.deepEqual(refreshed, { reads: 1, writes: 3 });
    const left = await world.costOf(() => suite.disconnect(ada, id));
    assert.deepEqual(left, { reads: 1, writes: 5 });
  });

  it('says who, when, what and for how long it is kept, and nothing of the account', async () => {
    const suite = suiteWith('connections', 30);
    const { id } = await world.connect('ada', { suite });
    const [record] = await recordsIn(world, 'ada');
    assert.ok(record?.type === 'connected');
    const { occurredAt, deleteAt, ...rest } = record;
    assert.deepEqual(rest, {
      type: 'connected',
      actor: 'user',
      uid: 'ada',
      connectionId: id,
      provider: 'sandbox',
      renewed: false,
    });
    assert.ok(Math.abs(occurredAt - world.clock.now()) < 60_000);
    assert.equal(deleteAt - occurredAt, 30 * dayMs);
    const [stored] = (await db.collection('strongroomAudit').get()).docs;
    assert.doesNotMatch(JSON.stringify(stored?.data()), /@|example/);
  });

  it('has every token that leaves the vault, also where nothing is asked for', async () => {
    const suite = suiteWith('essential');
    const { id } = await world.connect('ada', { suite });
    const { accessToken } = await suite.token(ada, id, deadlineAt());
    const [record] = await recordsIn(world, 'ada');
    assert.ok(record?.type === 'token_released' && record.connectionId === id);
    assert.ok(!JSON.stringify(await world.documents()).includes(accessToken));
  });

  it('lets no token out that it cannot record', async () => {
    const suite = suiteWith('essential');
    const { id } = await world.connect('ada', { suite });
    await world.call('ada', id, suite);
    world.meter.setIntercept(({ operation, body }) =>
      operation.name === 'commit' && /token_released/.test(JSON.stringify(body))
        ? denied
        : undefined,
    );
    await refuses('unavailable', suite.token(ada, id, deadlineAt()), { dependency: 'firestore' });
  });

  it('has a token that is refused by the settings nowhere', async () => {
    const { id } = await world.connect('ada');
    await refuses('token_release_off', world.suite.token(ada, id, deadlineAt()));
    assert.deepEqual(await typesOf('ada'), []);
  });

  it('tells of a grant that is gone with its reason', async () => {
    const { id } = await world.connect('ada');
    world.provider.revokeGrants();
    world.clock.advance(lifetimeMs + 1_000);
    await refuses('needs_reauth', world.call('ada', id));
    const [record] = await recordsIn(world, 'ada');
    assert.ok(record?.type === 'needs_reauth' && record.reason === 'revoked');
  });

  it('tells of whoever refused, and of whoever came with the state of another', async () => {
    const denial = await world.answer('ada', { deny: true });
    await refuses('access_denied', world.suite.complete(ada, denial));
    const answer = await world.answer('ada');
    const grace = { uid: 'grace' };
    for (let i = 0; i < 5; i += 1)
      await refuses('state_of_another_user', world.suite.complete(grace, answer));
    const refusals = [...(await recordsIn(world, 'ada')), ...(await recordsIn(world, 'grace'))];
    assert.deepEqual(
      refusals.map((record) => record.type === 'connect_refused' && [record.uid, record.code]),
      [
        ['ada', 'access_denied'],
        ['grace', 'state_of_another_user'],
      ],
    );
    assert.ok(!JSON.stringify(await world.documents()).includes(answer.state));
  });

  it('tells of a provider that refuses the app, and of its recovery', async () => {
    const { id } = await world.connect('ada');
    world.clock.advance(lifetimeMs + 1_000);
    world.provider.addFault({ endpoint: 'token', status: 401, body: { error: 'invalid_client' } });
    await errorOf(world.call('ada', id));
    assert.deepEqual(await typesOf(null), ['provider_down']);
    world.clock.advance(60_000);
    assert.equal(await world.call('ada', id), 200);
    assert.deepEqual(await typesOf(null), ['provider_down', 'provider_recovered']);
  });

  it('takes what happens to keys', async () => {
    const about = { type: 'key', actor: 'operator', uid: null, version: '2' } as const;
    await world.suite.audit.write({ ...about, event: 'created' });
    assert.deepEqual(await typesOf(null), ['key']);
  });

  describe('of a value that was moved', () => {
    const move = async () => {
      const { id } = await world.connect('ada');
      const other = await world.connect('grace');
      const { sealed } = await world.vault(other.id);
      await db.doc(`strongroomVault/${id}`).update({ sealed });
      return id;
    };

    it('has one record per connection and minute, however often it is met', async () => {
      const id = await move();
      const suite = world.newSuite();
      for (let i = 0; i < 5; i += 1)
        await refuses('sealed_value_rejected', world.call('ada', id, suite));
      const found = await recordsIn(world, 'ada');
      assert.equal(found.length, 1);
      const [record] = found;
      assert.ok(record?.type === 'tampering' && record.connectionId === id);
      assert.equal(record.field, 'tokenSet');
      await refuses('sealed_value_rejected', world.call('ada', id, world.newSuite()));
      assert.equal((await recordsIn(world, 'ada')).length, 1);
      world.clock.advance(60_000);
      await refuses('sealed_value_rejected', world.call('ada', id, suite));
      assert.equal((await recordsIn(world, 'ada')).length, 2);
    });

    it('fails the call no more than it does anyway, where it cannot be written', async () => {
      const id = await move();
      const answer = Promise.withResolvers<typeof denied>();
      world.meter.setIntercept(({ operation }) =>
        operation.name === 'commit' ? answer.promise : undefined,
      );
      const startedAt = Date.now();
      await refuses('sealed_value_rejected', world.call('ada', id));
      assert.ok(Date.now() - startedAt < 8_000);
      answer.resolve(denied);
    });
  });

  describe('for a user', () => {
    const write = async (uid: string, count: number) => {
      for (let i = 0; i < count; i += 1) {
        const whose = { uid, connectionId: `c${i}`, provider: 'sandbox' };
        await world.suite.audit.write({ type: 'token_released', actor: 'user', ...whose });
        if (i % 2 === 1) world.clock.advance(1_000);
      }
    };

    it('lists his own records, newest first, page by page, each once', async () => {
      await write('ada', 7);
      await write('grace', 1);
      const seen: unknown[] = [];
      let after: string | undefined;
      do {
        const page = await world.suite.listAudit(ada, { limit: 2, ...(after && { after }) });
        assert.ok(page.records.length <= 2);
        seen.push(...page.records.map(({ connectionId }) => connectionId));
        after = page.next;
      } while (after !== undefined);
      assert.equal(seen.length, 7);
      assert.deepEqual(new Set(seen), new Set(['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6']));
      assert.equal(seen[0], 'c6');
    });

    it('shows times as ISO 8601 and neither his uid nor when a record ends', async () => {
      await write('ada', 1);
      const { records } = await world.suite.listAudit(ada, {});
      const [{ id, occurredAt, ...rest } = { id: '', occurredAt: '' }] = records;
      assert.match(id, /^[\w-]{22}$/);
      assert.equal(new Date(occurredAt).toISOString(), occurredAt);
      assert.deepEqual(rest, {
        type: 'token_released',
        actor: 'user',
        connectionId: 'c0',
        provider: 'sandbox',
      });
    });

    it('refuses a cursor that is none', async () => {
      for (const after of ['x', '1', '.', '1./', `1.${'x'.repeat(200)}`, '1.a/b']) {
        await refuses('invalid_argument', world.suite.listAudit(ada, { after }), {
          field: 'after',
        });
      }
    });
  });
});
