import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withoutAccounts } from '../../../sandbox/launch/environment.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import { replay } from '../../src/events/replay.ts';
import { runCommand } from '../harness/command.ts';
import { createEventWorld, type EventWorld } from './event-world.ts';

const dayMs = 24 * 3_600_000;

describe('npm run events', function () {
  this.timeout(120_000);
  let events: EventWorld;
  let folder: string;
  let sandboxFile: string;

  before(async () => {
    events = await createEventWorld();
    folder = await mkdtemp(join(tmpdir(), 'operate-'));
    sandboxFile = join(folder, 'sandbox.json');
    await writeFile(sandboxFile, JSON.stringify({ ...stack, projectId: events.world.projectId }));
  });
  after(async () => {
    await events.stop();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => events.reset());

  const run = (args: readonly string[], env: object = {}) =>
    runCommand('events.ts', args, {
      ...withoutAccounts(process.env),
      STRONGROOM_SANDBOX_FILE: sandboxFile,
      ...env,
    });
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(args);
    assert.equal(code, 0, stderr);
    return stdout;
  };

  /** One dead, one delivered and one pending event; each of a connection of its own. */
  const mixed = async () => {
    const { receiver } = events;
    const suite = events.newSuite();
    receiver.answerWith(410);
    await events.emit('dead', 1);
    await events.tick(suite);
    receiver.answerWith(204);
    await events.emit('delivered', 1);
    await events.tick(suite);
    await events.emit('pending', 1);
    receiver.deliveries.length = 0;
    return suite;
  };

  it('lists events by state, for people and for programs', async () => {
    await mixed();
    const lines = (await ok('list')).trim().split('\n');
    assert.match(
      lines[0] ?? '',
      /^id +type +state +occurred +attempts +next attempt +last failure$/,
    );
    assert.equal(lines.length, 4);
    assert.match(
      await ok('list', '--dead'),
      /^dead_webhook_1 +recovered +dead +\S+ +1 +status_410$/m,
    );
    for (const state of ['dead', 'delivered', 'pending']) {
      const rows: { id: string; state: string }[] = JSON.parse(
        await ok('list', `--${state}`, '--json'),
      );
      assert.deepEqual(
        rows.map((row) => [row.id, row.state]),
        [[`${state}_webhook_1`, state]],
      );
    }
    const later = new Date(events.world.clock.now() + dayMs).toISOString();
    assert.equal(await ok('list', '--since', later), 'None.\n');
  });

  it('replays what could not be delivered, with the id it had', async () => {
    const suite = await mixed();
    assert.equal(await ok('replay', '--dead'), 'dead_webhook_1\n');
    await events.tick(suite);
    assert.deepEqual(events.receiver.deliveries.map(({ id }) => id).sort(), [
      'dead_1',
      'pending_1',
    ]);
    assert.equal((await events.states(suite))['dead_webhook_1'], 'delivered');
  });

  it('replays by the id that receivers know, and by the time, what is not waiting anyway', async () => {
    const suite = await mixed();
    assert.equal(await ok('replay', 'delivered_1'), 'delivered_webhook_1\n');
    const since = new Date(events.world.clock.now() - dayMs).toISOString();
    const { stdout, stderr } = await run(['replay', '--since', since]);
    assert.equal(stdout, 'dead_webhook_1\n');
    assert.match(stderr, /1 to be sent again within a minute; 2 still wait/);
    await events.tick(suite);
    assert.equal(events.receiver.deliveries.length, 3);
  });

  it('tries a replayed event for a day again', async () => {
    const { world, receiver } = events;
    const suite = await mixed();
    world.clock.advance(2 * dayMs);
    const dead = await suite.events.read(['dead_webhook_1']);
    await replay(suite.events, world.clock, dead);
    receiver.answerWith(500);
    for (let hour = 0; hour < 23; hour += 1) await events.tick(suite, dayMs / 24);
    assert.equal((await events.states(suite))['dead_webhook_1'], 'pending');
    await events.tick(suite, dayMs / 12);
    assert.equal((await events.states(suite))['dead_webhook_1'], 'dead');
  });

  it('works on the project that GCLOUD_PROJECT names', async () => {
    await mixed();
    const env = {
      GCLOUD_PROJECT: events.world.projectId,
      FIRESTORE_EMULATOR_HOST: `127.0.0.1:${stack.ports.firestore}`,
      STRONGROOM_SANDBOX_FILE: join(folder, 'none.json'),
    };
    const { code, stdout, stderr } = await run(['list', '--json'], env);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).length, 3);
    assert.match(stderr, new RegExp(events.world.projectId));
  });

  it('takes no emulator for a real project', async () => {
    const env = { GCLOUD_PROJECT: 'real', FIRESTORE_EMULATOR_HOST: '127.0.0.1:1' };
    const { code, stderr } = await run(['list'], env);
    assert.equal(code, 2);
    assert.match(stderr, /^Strongroom refuses to start: FIRESTORE_EMULATOR_HOST/);
  });

  const wrong: readonly [what: string, args: readonly string[], says: RegExp][] = [
    ['no command', [], /Usage/],
    ['an unknown command', ['remove'], /Usage/],
    ['an unknown option', ['list', '--all'], /Unknown option '--all'/],
    ['two states', ['list', '--dead', '--pending'], /exclude each other/],
    ['an id for list', ['list', 'c1_1'], /no ids/],
    ['nothing to replay', ['replay'], /Which\?/],
    ['ids and a filter', ['replay', 'c1_1', '--dead'], /not both/],
    ['pending for replay', ['replay', '--pending'], /sent anyway/],
    ['a time that is none', ['list', '--since', 'yesterday'], /ISO 8601/],
    ['an id that is none', ['replay', '../x'], /no id of an event/],
    ['an event that is not there', ['replay', 'c1_77'], /no event c1_77/],
  ];
  for (const [what, args, says] of wrong) {
    it(`ends with exit code 2 for ${what}, saying what is wrong`, async () => {
      const { code, stdout, stderr } = await run(args);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' }, stderr);
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /at .*\.ts:\d/);
    });
  }

  it('ends with exit code 2 where neither a project is named nor a sandbox runs', async () => {
    const env = { STRONGROOM_SANDBOX_FILE: join(folder, 'none.json') };
    const { code, stderr } = await run(['list'], env);
    assert.equal(code, 2);
    assert.match(stderr, /GCLOUD_PROJECT.*npm start/s);
  });
});
