import assert from 'node:assert/strict';
import type { BegunDevice } from '../../src/connections/authorize/begin-device.ts';
import type { PolledDevice } from '../../src/connections/authorize/poll-device.ts';
import type { Connection } from '../../src/connections/connection.ts';
import type { Suite } from '../../src/suite.ts';
import { recordsIn } from '../harness/audit.ts';
import { atCommits, holdCommits } from '../harness/commits.ts';
import { decide, pollsAt, suiteWith } from '../harness/devices.ts';
import { errorOf, refuses } from '../harness/errors.ts';
import { liveGrantsOf } from '../harness/grants.ts';
import { logged } from '../harness/logs.ts';
import { createMarks, everythingOf } from '../harness/marks.ts';
import { openVault } from '../harness/open-vault.ts';
import { createWorld, type World } from '../harness/world.ts';

const ada = { uid: 'ada' };
const secondMs = 1_000;

describe('a device that is authorized by a code (RFC 8628)', function () {
  this.timeout(60_000);
  let world: World;
  let suite: Suite;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.reset();
    suite = suiteWith(world, { deviceAuthorization: true });
  });

  const begin = (more: object = {}) => suite.beginDevice(ada, { provider: 'sandbox', ...more });
  const poll = ({ state }: BegunDevice, by = suite) => by.pollDevice(ada, { state });
  const connected = (polled: PolledDevice): Connection => {
    assert.equal(polled.status, 'connected');
    return polled.connection;
  };
  /** When the provider may be asked next, if nobody is told to wait for longer. */
  const later = (seconds = 5) => world.clock.advance(seconds * secondMs);

  it('is connected once its user has entered the code', async () => {
    const begun = await begin();
    assert.match(begun.userCode, /^[A-Z]{4}-[A-Z]{4}$/);
    assert.equal(begun.verificationUri, `${world.provider.url}/device`);
    assert.equal(
      begun.verificationUriComplete,
      `${begun.verificationUri}?user_code=${begun.userCode}`,
    );
    assert.equal(begun.intervalSeconds, 5);
    assert.deepEqual(await poll(begun), { status: 'pending', retryAfterSeconds: 5 });
    await decide(begun, 'ada');
    later();
    const connection = connected(await poll(begun));
    assert.deepEqual(connection.account, { subject: 'ada', name: 'Ada', email: 'ada@example.com' });
    assert.deepEqual(await suite.list(ada), [await suite.get(ada, connection.id)]);
    assert.equal(await world.call('ada', connection.id, suite), 200);
    assert.equal(pollsAt(world), 2);
  });

  it('costs 1 write to begin, 1 read and 2 writes for a poll, and 1 read for one too early', async () => {
    let begun: BegunDevice | undefined;
    assert.deepEqual(
      await world.costOf(async () => {
        begun = await begin();
      }),
      { reads: 0, writes: 1 },
    );
    const asked = begun ?? assert.fail();
    assert.deepEqual(await world.costOf(() => poll(asked)), { reads: 1, writes: 2 });
    assert.deepEqual(await world.costOf(() => poll(asked)), { reads: 1, writes: 0 });
  });

  it('costs the provider nothing where it is asked after too often', async () => {
    const begun = await begin();
    await poll(begun);
    for (let polls = 0; polls < 5; polls += 1) {
      const { status } = await poll(begun, polls % 2 === 0 ? suite : world.newSuite());
      assert.equal(status, 'slow_down');
    }
    assert.equal(pollsAt(world), 1);
    later();
    assert.equal((await poll(begun)).status, 'pending');
    assert.equal(pollsAt(world), 2);
  });

  it('is asked after more seldom once the provider says slow_down', async () => {
    const begun = await begin();
    world.provider.addFault({ endpoint: 'token', status: 400, body: { error: 'slow_down' } });
    assert.deepEqual(await poll(begun), { status: 'slow_down', retryAfterSeconds: 10 });
    later(9);
    assert.equal((await poll(begun)).status, 'slow_down');
    assert.equal(pollsAt(world), 1);
    later(1);
    assert.deepEqual(await poll(begun), { status: 'pending', retryAfterSeconds: 10 });
    assert.equal(pollsAt(world), 2);
  });

  it('is connected once where two polls come at the same moment', async () => {
    const begun = await begin();
    await decide(begun, 'ada');
    const holds = holdCommits(world.meter, 'authorization', 2);
    const polls = [poll(begun), poll(begun, world.newSuite())];
    await Promise.all(holds.map(({ reached }) => reached));
    for (const { release } of holds) release();
    const statuses = (await Promise.all(polls)).map(({ status }) => status);
    assert.deepEqual(statuses.sort(), ['connected', 'slow_down']);
    assert.equal(pollsAt(world), 1);
    const [connection, ...others] = await suite.list(ada);
    assert.deepEqual(others, []);
    assert.equal(await world.call('ada', connection?.id ?? '', suite), 200);
  });

  it('is asked after by nobody else while one poll waits for its answer', async () => {
    const begun = await begin();
    await decide(begun, 'ada');
    const other = world.newSuite();
    const seen: PolledDevice[] = [];
    // The tokens have been given, and are about to be kept.
    atCommits(world.meter, 'connection', [
      async () => {
        later(5);
        seen.push(await poll(begun, other));
        return undefined;
      },
    ]);
    const connection = connected(await poll(begun));
    assert.deepEqual(
      seen.map(({ status }) => status),
      ['pending'],
    );
    assert.equal(pollsAt(world), 1);
    assert.equal(await world.call('ada', connection.id, suite), 200);
  });

  it('gives the same connection again where the answer did not arrive', async () => {
    const begun = await begin();
    await decide(begun, 'ada');
    const { id } = connected(await poll(begun));
    assert.equal(connected(await poll(begun, world.newSuite())).id, id);
    later(3_600);
    assert.equal(connected(await poll(begun)).id, id);
    assert.equal(pollsAt(world), 1);
    await suite.disconnect(ada, id);
    await refuses('state_unknown', poll(begun));
  });

  it('keeps the tokens where the code cannot be marked as used', async () => {
    const begun = await begin();
    await decide(begun, 'ada');
    const outage = Array.from({ length: 3 }, () => ({ status: 403 }));
    atCommits(world.meter, 'authorization', [async () => undefined, ...outage]);
    const { id } = connected(await poll(begun));
    world.meter.setIntercept(undefined);
    assert.equal(await world.call('ada', id, suite), 200);
    assert.equal(liveGrantsOf(world, 'ada').length, 1);
  });

  it('loses nothing where the answer to the first write of a poll is lost', async () => {
    const begun = await begin();
    await decide(begun, 'ada');
    atCommits(world.meter, 'authorization', [{ drop: 'after' }]);
    assert.equal((await poll(begun)).status, 'slow_down');
    world.meter.setIntercept(undefined);
    assert.equal(pollsAt(world), 0);
    later(25);
    connected(await poll(begun));
  });

  it('is asked after at half the pace once the provider gave no answer', async () => {
    const begun = await begin();
    world.provider.addFault({ endpoint: 'token', drop: 'before' });
    const { code, details } = await errorOf(poll(begun));
    assert.deepEqual([code, details.retryAfterSeconds], ['unavailable', 10]);
    await decide(begun, 'ada');
    later(9);
    assert.equal((await poll(begun)).status, 'slow_down');
    later(1);
    connected(await poll(begun));
  });

  it('must begin again where the tokens were given and lost, and no grant is left', async () => {
    const begun = await begin();
    await decide(begun, 'ada');
    world.provider.addFault({ endpoint: 'token', drop: 'after' });
    await refuses('unavailable', poll(begun));
    later(10);
    await refuses('authorization_failed', poll(begun));
    await refuses('state_used', poll(begun));
    assert.deepEqual(await suite.list(ada), []);
    assert.deepEqual(liveGrantsOf(world, 'ada'), []);
    const again = await begin();
    await decide(again, 'ada');
    connected(await poll(again));
  });

  it('is not connected where its user says no', async () => {
    const begun = await begin();
    await decide(begun, 'ada', 'deny');
    await refuses('access_denied', poll(begun), { providerError: 'access_denied' });
    await refuses('state_used', poll(begun));
    assert.deepEqual(await suite.list(ada), []);
    const [record] = await recordsIn(world, 'ada');
    assert.equal(record?.type, 'connect_refused');
  });

  it('has until the code expires, by our clock and by the provider', async () => {
    const [ours, theirs] = [await begin(), await begin()];
    world.provider.addFault({ endpoint: 'token', status: 400, body: { error: 'expired_token' } });
    await refuses('state_expired', poll(theirs));
    later(600);
    await refuses('state_expired', poll(ours));
    assert.equal(pollsAt(world), 1);
  });

  it('waits while the provider refuses our client, and goes on once the team has mended it', async () => {
    const begun = await begin();
    await decide(begun, 'ada');
    world.provider.addFault({ endpoint: 'token', status: 401, body: { error: 'invalid_client' } });
    await refuses('provider_misconfigured', poll(begun));
    later(10);
    connected(await poll(begun));
  });

  it('heals a connection in place, for the same account only', async () => {
    const { id } = await world.connect('ada', { suite });
    const same = await begin({ connectionId: id });
    await decide(same, 'ada');
    assert.equal(connected(await poll(same)).id, id);
    const other = await begin({ connectionId: id });
    await decide(other, 'mallory');
    await refuses('account_mismatch', poll(other));
    assert.deepEqual(liveGrantsOf(world, 'mallory'), []);
    assert.equal(await world.call('ada', id, suite), 200);
  });

  it('has its tokens bound to a key of their own where the settings say so (RFC 9449)', async () => {
    suite = suiteWith(world, { deviceAuthorization: true, dpop: true });
    world.provider.updateSettings({ dpopNonces: true });
    const begun = await begin();
    await decide(begun, 'ada');
    const { id } = connected(await poll(begun));
    assert.ok((await openVault(world, id)).dpopKey);
    assert.equal(await world.call('ada', id, suite), 200);
  });

  it('shows what was asked for and not granted', async () => {
    const begun = await begin({ scopes: ['openid', 'profile'] });
    await decide(begun, 'ada');
    world.provider.addFault({ endpoint: 'token', patch: { scope: 'openid' } });
    const connection = connected(await poll(begun));
    assert.deepEqual(Object(connection).refusedScopes, ['profile']);
  });

  describe('is refused', () => {
    it('unless the settings say that devices may be authorized', async () => {
      await refuses('scope_not_offered', begin({ scopes: ['admin'] }));
      await refuses('provider_unknown', suite.beginDevice(ada, { provider: 'nobody' }));
      const closed = suiteWith(world, { deviceAuthorization: false });
      const asked = closed.beginDevice(ada, { provider: 'sandbox' });
      await refuses('not_offered', asked, { field: 'deviceAuthorization' });
    });

    it('to another user, which is recorded and asks nobody', async () => {
      const begun = await begin();
      await decide(begun, 'ada');
      const mallory = { uid: 'mallory' };
      const { state } = begun;
      await refuses('state_of_another_user', suite.pollDevice(mallory, { state }));
      assert.equal(pollsAt(world), 0);
      assert.deepEqual(
        (await recordsIn(world, 'mallory')).map(({ type }) => type),
        ['connect_refused'],
      );
      const { id } = connected(await poll(begun));
      await refuses('state_of_another_user', suite.pollDevice(mallory, { state }));
      await refuses('connection_not_found', suite.get(mallory, id));
    });

    it('where its state is brought to connections-complete, or one of a browser to the poll', async () => {
      const begun = await begin();
      const { state } = begun;
      await refuses('state_unknown', suite.complete(ada, { state, code: 'x' }));
      await refuses('state_unknown', suite.callbackTarget(state));
      const browser = await suite.begin(ada, { provider: 'sandbox' });
      await refuses('state_unknown', suite.pollDevice(ada, { state: browser.state }));
      await refuses('state_unknown', suite.pollDevice(ada, { state: 'nothing' }));
      await decide(begun, 'ada');
      connected(await poll(begun));
    });

    const hostile = {
      'a page that is a script': { verification_uri: 'javascript:alert(1)' },
      'a page with a password in it': { verification_uri: 'https://a:b@page.example/' },
      'a page that is no address': { verification_uri: 'page' },
      'a code with a line break': { user_code: 'AB\nCD' },
      'a code that is a page long': { user_code: 'A'.repeat(65) },
      'a code that never lives': { expires_in: 0 },
      'no device code': { device_code: null },
    };
    for (const [what, patch] of Object.entries(hostile)) {
      it(`with ${what}, of which nothing is kept`, async () => {
        world.provider.addFault({ endpoint: 'device', patch });
        await refuses('provider_answer_invalid', begin());
        assert.deepEqual(await world.documents(), {});
      });
    }

    it('a page for QR codes that is a script: only that is left out', async () => {
      const patch = { verification_uri_complete: 'javascript:alert(1)' };
      world.provider.addFault({ endpoint: 'device', patch });
      assert.equal((await begin()).verificationUriComplete, undefined);
    });
  });

  it('shows its device code to nobody: no answer, no error, no log, no document', async () => {
    const marks = createMarks();
    const secret = marks.make('device code');
    world.provider.addFault({ endpoint: 'device', patch: { device_code: secret } });
    const seen: unknown[] = [];
    const begun = await begin();
    seen.push(begun, await errorOf(poll(begun)));
    const body = { error: secret, error_description: secret };
    world.provider.addFault({ endpoint: 'token', status: 400, body });
    world.provider.addFault({ endpoint: 'device', patch: { device_code: secret } });
    const echoed = await begin();
    seen.push(echoed, await errorOf(poll(echoed)), await suite.exportAll(ada));
    seen.push(await world.documents(), logged(), await recordsIn(world, 'ada'));
    assert.deepEqual(marks.find(seen.map(everythingOf).join('\n')), []);
    assert.match(everythingOf(seen), /userCode/);
  });
});
