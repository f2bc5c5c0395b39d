import assert from 'node:assert/strict';
import { dayMs } from '../../src/platform/durations.ts';
import type { Provider } from '../../src/providers/settings-schema.ts';
import { noteUse } from '../../src/refresh/note-use.ts';
import { leaseMs } from '../../src/refresh/protocol.ts';
import type { Suite } from '../../src/suite.ts';
import { atCommits, holdCommit } from '../harness/commits.ts';
import { limitedSuite } from '../harness/limits.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 3_600;
const leadMs = 600_000;
const daySeconds = 86_400;
const tokenSet = { accessToken: 'any', tokenType: 'bearer', scopes: [], obtainedAt: 0 };

describe('which connections rotation refreshes', () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.reset();
    world.provider.updateSettings({ accessTokenSeconds: lifetimeSeconds });
  });

  const connect = async (suite: Suite) => (await world.connect('ada', { suite })).id;
  /** What rotation does with a connection that is due. */
  const rotate = async (suite: Suite, id: string) => {
    const { generation } = await world.vault(id);
    const connections = [{ id, generation }];
    await suite.refreshBatch({ provider: 'sandbox', connections, startAt: world.clock.now() });
    assert.equal((await world.vault(id)).generation, generation + 1);
  };
  const expire = () => world.clock.advance((lifetimeSeconds + 1) * 1_000);

  it('always: all, a lead before expiry', async () => {
    const suite = limitedSuite(world, {});
    const id = await connect(suite);
    for (let round = 0; round < 2; round += 1) {
      const { refreshAt, expiresAt } = await world.vault(id);
      assert.equal(refreshAt, Number(expiresAt) - leadMs);
      expire();
      await rotate(suite, id);
    }
  });

  it('keep-alive: none without an idle limit, else a week before its end', async () => {
    const without = limitedSuite(world, { rotate: { policy: 'keep-alive' } });
    assert.equal((await world.vault(await connect(without))).refreshAt, null);
    const life = { refreshTokenIdleSeconds: 60 * daySeconds };
    const suite = limitedSuite(world, { life, rotate: { policy: 'keep-alive' } });
    const id = await connect(suite);
    const { refreshAt, obtainedAt, needsReauthAt } = await world.vault(id);
    assert.equal(refreshAt, obtainedAt + 53 * dayMs);
    assert.equal(needsReauthAt, null);
  });

  describe('used', () => {
    const used = (life = {}) =>
      limitedSuite(world, { life, rotate: { policy: 'used', usedWithinDays: 30 } });

    it('none that no caller has used for the given days; a call wakes it', async () => {
      const suite = used();
      const id = await connect(suite);
      const { usedAt } = await world.vault(id);
      world.clock.advance(29 * dayMs);
      await rotate(suite, id);
      const before = await world.vault(id);
      assert.equal(before.refreshAt, Number(before.expiresAt) - leadMs);
      assert.equal(before.usedAt, usedAt, 'rotation is no use');

      world.clock.advance(dayMs);
      await rotate(suite, id);
      assert.equal((await world.vault(id)).refreshAt, null);

      expire();
      const calledAt = world.clock.now();
      assert.equal(await world.call('ada', id, suite), 200);
      const after = await world.vault(id);
      assert.equal(after.refreshAt, Number(after.expiresAt) - leadMs);
      assert.ok(after.usedAt >= calledAt);
    });

    it('notes a use without a refresh by 1 write, once a day', async () => {
      world.provider.updateSettings({ accessTokenSeconds: 20 * daySeconds });
      const id = await connect(used());
      const instance = used();
      const costOfCall = () => world.costOf(() => world.call('ada', id, world.newSuite()));
      await world.call('ada', id, instance);
      assert.deepEqual(await costOfCall(), { reads: 1, writes: 0 }, 'used today already');
      world.clock.advance(dayMs + 1);
      const calledAt = world.clock.now();
      assert.deepEqual(await costOfCall(), { reads: 1, writes: 1 });
      assert.ok((await world.vault(id)).usedAt >= calledAt);
      assert.deepEqual(await costOfCall(), { reads: 1, writes: 0 });
    });

    it('wakes a dormant connection whose token still lives, and takes its end back', async () => {
      world.provider.updateSettings({ accessTokenSeconds: 40 * daySeconds });
      const suite = used({ refreshTokenIdleSeconds: 60 * daySeconds });
      const id = await connect(suite);
      const { refreshAt, needsReauthAt, obtainedAt } = await world.vault(id);
      assert.deepEqual(
        { refreshAt, needsReauthAt },
        {
          refreshAt: null,
          needsReauthAt: obtainedAt + 60 * dayMs,
        },
      );
      world.clock.advance(11 * dayMs);
      await world.call('ada', id, suite);
      const after = await world.vault(id);
      assert.equal(after.refreshAt, Number(after.expiresAt) - leadMs);
      assert.equal(after.needsReauthAt, null);
      assert.equal((await suite.get({ uid: 'ada' }, id)).needsReauthAt, undefined);
      assert.equal(after.generation, 1);
    });

    const providers = () => {
      const found: Provider[] = [];
      world.publish((settings) => {
        for (const [id, provider] of Object.entries(settings.providers)) {
          found.push({ ...provider, id, rotate: { ...provider.rotate, policy: 'used' } });
        }
        return settings;
      });
      return found;
    };

    /** A connection whose token lives and whose last use is older than a day. */
    const unnoted = async (suite: Suite) => {
      world.provider.updateSettings({ accessTokenSeconds: 20 * daySeconds });
      const id = await connect(suite);
      world.clock.advance(2 * dayMs);
      return id;
    };

    it('a use that cannot be noted costs no call', async () => {
      const suite = used();
      const id = await unnoted(suite);
      const { usedAt } = await world.vault(id);
      const refusal = { status: 403, body: { error: { code: 403, status: 'PERMISSION_DENIED' } } };
      atCommits(world.meter, 'other', [refusal, refusal]);
      assert.equal(await world.call('ada', id, suite), 200);
      assert.equal((await world.vault(id)).usedAt, usedAt);
    });

    it('a call does not wait for a note that takes long', async () => {
      const suite = used();
      const id = await unnoted(suite);
      const held = holdCommit(world.meter, 'other');
      assert.equal(await world.call('ada', id, suite), 200);
      await held.reached;
      held.release();
    });

    it('a note that is late never takes a refresh back', async () => {
      const suite = used();
      const id = await unnoted(suite);
      const found = await world.store.readVault(id);
      const [provider] = providers();
      assert.ok(found && provider);
      await rotate(suite, id);
      const refreshed = await world.vault(id);
      const opened = { tokenSet, generation: 1, uid: 'ada', provider };
      // Nothing but the write itself ends the wait for it.
      const clock = { ...world.clock, sleep: () => new Promise<never>(() => {}) };
      await noteUse({ store: world.store, clock, random: () => 0 }, found, opened);
      assert.deepEqual(await world.vault(id), refreshed);
    });

    it('a lease is not disturbed by a note', async () => {
      const suite = used();
      const id = await unnoted(suite);
      const found = await world.store.readVault(id);
      assert.ok(found);
      const lease = { owner: 'busy', until: world.clock.now() + leaseMs };
      await world.store.update(found, { lease });
      const cost = await world.costOf(() => world.call('ada', id, suite));
      assert.deepEqual(cost, { reads: 1, writes: 0 });
    });
  });

  it('where all are refreshed, a use is not noted', async () => {
    world.provider.updateSettings({ accessTokenSeconds: 20 * daySeconds });
    const suite = limitedSuite(world, {});
    const id = await connect(suite);
    world.clock.advance(2 * dayMs);
    const cost = await world.costOf(() => world.call('ada', id, suite));
    assert.deepEqual(cost, { reads: 1, writes: 0 });
  });
});
