import assert from 'node:assert/strict';
import { stack } from '../../../sandbox/test/stack.ts';
import { leaseMs } from '../../src/refresh/protocol.ts';
import { openDatabase } from '../harness/database.ts';
import { refuses } from '../harness/errors.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 300;

describe('a refresh has bounds', () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(() => world.reset());

  /** An expired connection, and a call of its API that may take that long. */
  const connectExpired = async (suite = world.suite) => {
    const { id } = await world.connect('ada', { suite });
    world.clock.advance((lifetimeSeconds + 1) * 1_000);
    world.provider.resetCounters();
    const call = (ms: number) =>
      suite.call({ uid: 'ada' }, id, { method: 'GET', path: '/me' }, world.clock.now() + ms);
    return { id, call };
  };
  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  const deleteStatus = async (id: string) => {
    const db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, world.projectId);
    await db.doc(`strongroom/ada/connections/${id}`).delete();
    await db.terminate();
  };
  const answerWith = (fields: object) =>
    world.provider.addFault({
      endpoint: 'token',
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: { access_token: 'given', token_type: 'Bearer', expires_in: 300, ...fields },
    });

  it('repeats a request without an answer once and no more, where that is safe', async () => {
    world.provider.updateSettings({ rotation: 'none' });
    world.publish(({ app, providers }) => ({
      app,
      providers: Object.fromEntries(
        Object.entries(providers).map(([name, provider]) => [
          name,
          { ...provider, life: { ...provider.life, rotation: 'none' } },
        ]),
      ),
    }));
    const { call } = await connectExpired(world.newSuite());
    world.provider.addFault({ endpoint: 'token', drop: 'before', times: 10_000 });
    // Less than the first pause.
    await refuses('unavailable', call(400));
    assert.equal(tokenRequests(), 2);
  });

  it('asks a provider that is down once per connection and batch', async () => {
    const { id } = await connectExpired();
    world.provider.addFault({ endpoint: 'token', status: 503, times: 10_000 });
    await world.newSuite().refreshBatch({
      provider: 'sandbox',
      connections: [{ id, generation: 1 }],
      startAt: world.clock.now(),
    });
    assert.equal(tokenRequests(), 1);
  });

  it('waits in no batch for the lease of another', async () => {
    const { id } = await connectExpired();
    const found = await world.store.readVault(id);
    assert.ok(found);
    const lease = { owner: 'busy', until: world.clock.now() + leaseMs };
    await world.store.update(found, { lease });
    const cost = await world.costOf(() =>
      world.suite.refreshBatch({
        provider: 'sandbox',
        connections: [{ id, generation: 1 }],
        startAt: world.clock.now(),
      }),
    );
    assert.deepEqual(cost, { reads: 1, writes: 0 });
  });

  it('gives a dead grant up after one request where the app has deleted the status', async () => {
    const { id, call } = await connectExpired();
    world.provider.revokeGrants();
    await deleteStatus(id);
    await refuses('needs_reauth', call(2_000));
    assert.equal(tokenRequests(), 1);
    assert.equal((await world.vault(id)).status, 'needs_reauth');
  });

  it('keeps what the provider gave where the app has deleted the status', async () => {
    const { id, call } = await connectExpired();
    await deleteStatus(id);
    answerWith({ scope: 'openid' });
    assert.equal((await call(10_000)).status, 200);
    const { generation, lease } = await world.vault(id);
    assert.deepEqual({ generation, lease }, { generation: 3, lease: null });
  });

  it('keeps a token set whose lifetime ends beyond the last date there is', async () => {
    const { id, call } = await connectExpired();
    answerWith({ expires_in: 1e15 });
    assert.equal((await call(10_000)).status, 200);
    assert.equal((await world.vault(id)).generation, 3);
  });
});
