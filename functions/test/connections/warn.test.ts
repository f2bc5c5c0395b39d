import assert from 'node:assert/strict';
import { dayMs } from '../../src/platform/durations.ts';
import type { Suite } from '../../src/suite.ts';
import { refuses } from '../harness/errors.ts';
import { limitedSuite } from '../harness/limits.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 3_600;
const daySeconds = 86_400;
const hourMs = 3_600_000;
/** Nothing is delivered: what is due to be is in Firestore. */
const events = {
  webhook: {
    url: 'https://backend.example/events',
    secrets: [`whsec_${Buffer.alloc(32, 7).toString('base64')}`],
  },
};

describe("warning of a grant's end", () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.reset();
    world.provider.updateSettings({ accessTokenSeconds: lifetimeSeconds });
  });

  const spotify = () =>
    limitedSuite(world, { life: { refreshTokenAbsoluteSeconds: 180 * daySeconds }, events });
  const xero = () =>
    limitedSuite(world, {
      life: { refreshTokenIdleSeconds: 60 * daySeconds },
      rotate: { policy: 'used', usedWithinDays: 30 },
      events,
    });
  const connect = async (suite: Suite) => (await world.connect('ada', { suite })).id;
  const rotate = async (suite: Suite, id: string) => {
    const { generation } = await world.vault(id);
    const connections = [{ id, generation }];
    await suite.refreshBatch({ provider: 'sandbox', connections, startAt: world.clock.now() });
    assert.equal((await world.vault(id)).generation, generation + 1);
  };
  const goTo = (time: number) => world.clock.advance(time - world.clock.now());
  const shown = async (suite: Suite, id: string) => {
    const { needsReauthAt, reauthDueInDays } = await suite.get({ uid: 'ada' }, id);
    return { needsReauthAt: needsReauthAt && Date.parse(needsReauthAt), reauthDueInDays };
  };
  /** The data of the events that wait to be delivered. */
  const warnings = async (suite: Suite) =>
    (await suite.events.list({}))
      .filter(({ document }) => document.type === 'expires_soon')
      .map(({ document }) => document.data);

  it('of an absolute limit: 14 and 3 days ahead, each once, by status and event', async () => {
    const suite = spotify();
    const id = await connect(suite);
    const { grantedAt } = await world.vault(id);
    const end = grantedAt + 180 * dayMs;
    assert.deepEqual(await shown(suite, id), { needsReauthAt: end, reauthDueInDays: undefined });
    world.clock.advance(90 * dayMs);
    await rotate(suite, id);

    for (const days of [14, 3]) {
      goTo(end - days * dayMs - hourMs);
      assert.deepEqual(await world.costOf(() => suite.warn()), { reads: 1, writes: 0 });
      goTo(end - days * dayMs);
      assert.equal(await suite.warn(), 1);
      assert.deepEqual(await shown(suite, id), { needsReauthAt: end, reauthDueInDays: days });
      assert.equal(await suite.warn(), 0);
    }
    const needsReauthAt = new Date(end).toISOString();
    const said = await warnings(suite);
    assert.deepEqual(
      said.sort((one, other) => Number(other['days']) - Number(one['days'])),
      [
        { needsReauthAt, days: 14 },
        { needsReauthAt, days: 3 },
      ],
    );
  });

  it('is no verdict: what is over lives until the provider says no, and then heals anew', async () => {
    const suite = spotify();
    const id = await connect(suite);
    const before = await world.vault(id);
    goTo(Number(before.needsReauthAt) - 2 * dayMs);
    await suite.warn();
    goTo(Number(before.needsReauthAt) + dayMs);
    assert.equal(await suite.warn(), 0);
    assert.equal(await world.call('ada', id, suite), 200);
    assert.equal((await world.vault(id)).status, 'active');

    world.provider.revokeGrants();
    world.clock.advance(2 * hourMs);
    await refuses('needs_reauth', world.call('ada', id, suite));
    assert.deepEqual(await shown(suite, id), {
      needsReauthAt: undefined,
      reauthDueInDays: undefined,
    });
    await world.connect('ada', { suite, connectionId: id });
    const healed = await world.vault(id);
    const end = healed.grantedAt + 180 * dayMs;
    assert.ok(healed.grantedAt > Number(before.needsReauthAt));
    assert.deepEqual(
      [healed.refreshes, healed.needsReauthAt, healed.warnAt],
      [0, end, end - 14 * dayMs],
    );
    assert.deepEqual(await shown(suite, id), { needsReauthAt: end, reauthDueInDays: undefined });
  });

  it('of an idle end only while nobody keeps it away; a use takes the warning back', async () => {
    const suite = xero();
    const id = await connect(suite);
    assert.equal((await world.vault(id)).needsReauthAt, null, 'rotation keeps it alive');
    world.clock.advance(30 * dayMs);
    await rotate(suite, id);
    const dormant = await world.vault(id);
    const end = dormant.obtainedAt + 60 * dayMs;
    assert.deepEqual([dormant.refreshAt, dormant.needsReauthAt], [null, end]);
    goTo(end - 10 * dayMs);
    assert.equal(await suite.warn(), 1);
    assert.deepEqual(await shown(suite, id), { needsReauthAt: end, reauthDueInDays: 14 });

    assert.equal(await world.call('ada', id, suite), 200);
    const awake = await world.vault(id);
    assert.deepEqual([awake.needsReauthAt, awake.warnAt], [null, null]);
    assert.deepEqual(await shown(suite, id), {
      needsReauthAt: undefined,
      reauthDueInDays: undefined,
    });
    goTo(end - dayMs);
    assert.equal(await suite.warn(), 0);
  });

  it('once, however many sweeps overlap', async () => {
    const suites = [spotify(), spotify(), spotify()];
    const [first] = suites;
    assert.ok(first);
    const id = await connect(first);
    goTo(Number((await world.vault(id)).needsReauthAt) - 14 * dayMs);
    const counts = await Promise.all(suites.map((suite) => suite.warn()));
    assert.deepEqual(counts.sort(), [0, 0, 1]);
    assert.equal((await warnings(first)).length, 1);
  });

  it('of all of more than a page, and none of what needs its user already', async () => {
    const suite = spotify();
    const id = await connect(suite);
    const found = { ...(await world.vault(id)), accountId: null };
    const status = await world.store.readStatus('ada', id);
    assert.ok(status);
    const copies = Array.from({ length: 100 }, (_, n) => `copy-${n}`);
    await Promise.all(copies.map((copy) => world.store.create(copy, found, status)));
    const dead = { status: 'needs_reauth', reason: 'revoked' } as const;
    await world.store.create('dead', { ...found, ...dead }, { ...status, ...dead });
    goTo(Number(found.needsReauthAt) - 14 * dayMs);
    assert.equal(await suite.warn(), 101);
    assert.equal((await world.vault('dead')).warnAt, null);
    assert.equal((await world.store.readStatus('ada', 'dead'))?.reauthDueInDays, null);
    assert.deepEqual(await world.costOf(() => suite.warn()), { reads: 1, writes: 0 });
  });

  it('of a count: the date is known, stays put while it is kept to, and costs no write', async () => {
    const suite = limitedSuite(world, { life: { refreshTokenMaxUses: 1_000 } });
    const id = await connect(suite);
    const { needsReauthAt, obtainedAt } = await world.vault(id);
    const everyMs = 47.5 * 60_000;
    assert.equal(needsReauthAt, obtainedAt + hourMs + 1_000 * everyMs);
    for (let refreshes = 1; refreshes <= 3; refreshes += 1) {
      world.clock.advance(everyMs);
      const cost = await world.costOf(() => rotate(suite, id));
      assert.equal(cost.writes, 2);
      assert.equal((await world.vault(id)).refreshes, refreshes);
      assert.equal((await world.vault(id)).needsReauthAt, needsReauthAt);
    }
  });

  it('of an end that the answers tell, once it does not move with a refresh', async () => {
    const suite = limitedSuite(world, {});
    const tell = (seconds: number) =>
      world.provider.addFault({ endpoint: 'token', patch: { refresh_token_expires_in: seconds } });
    tell(90 * daySeconds);
    const id = await connect(suite);
    const end = (await world.vault(id)).obtainedAt + 90 * dayMs;
    assert.equal((await world.vault(id)).needsReauthAt, null);
    world.clock.advance(hourMs);
    tell(90 * daySeconds - 3_600);
    await rotate(suite, id);
    const { needsReauthAt } = await world.vault(id);
    assert.ok(Math.abs(Number(needsReauthAt) - end) < 5_000, String(needsReauthAt));
    assert.equal((await shown(suite, id)).needsReauthAt, needsReauthAt);
  });

  it('without a refresh token: of the end of the access token', async () => {
    world.provider.updateSettings({ accessTokenSeconds: 60 * daySeconds });
    const suite = limitedSuite(world, {});
    const { id } = await world.connect('ada', { suite, scopes: ['openid', 'profile'] });
    const { expiresAt, needsReauthAt, warnAt } = await world.vault(id);
    assert.deepEqual([needsReauthAt, warnAt], [expiresAt, Number(expiresAt) - 14 * dayMs]);
  });
});
