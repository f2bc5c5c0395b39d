import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withoutAccounts } from '../../../sandbox/launch/environment.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import { runCommand } from '../harness/command.ts';
import { createWorld, type World } from '../harness/world.ts';

describe('npm run audit', function () {
  this.timeout(120_000);
  let world: World;
  let folder: string;
  let sandboxFile: string;
  before(async () => {
    world = await createWorld();
    folder = await mkdtemp(join(tmpdir(), 'operate-'));
    sandboxFile = join(folder, 'sandbox.json');
    await writeFile(sandboxFile, JSON.stringify({ ...stack, projectId: world.projectId }));
    const whose = { uid: 'ada', connectionId: 'c1', provider: 'sandbox' };
    await world.suite.audit.write({ type: 'token_released', actor: 'user', ...whose });
    await world.suite.audit.write({
      type: 'key',
      actor: 'operator',
      uid: null,
      event: 'created',
      version: '2',
    });
    await world.connect('grace');
    await world.suite.forget('grace');
  });
  after(async () => {
    await world.stop();
    await rm(folder, { recursive: true });
  });

  const run = (...args: string[]) =>
    runCommand('audit.ts', args, {
      ...withoutAccounts(process.env),
      STRONGROOM_SANDBOX_FILE: sandboxFile,
    });

  it('shows the records of a user, for people and for programs', async () => {
    const { code, stdout, stderr } = await run('--uid', 'ada');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^occurred +type +actor +connection +provider +details$/m);
    assert.match(stdout, /^\S+Z +token_released +user +c1 +sandbox$/m);
    const json = await run('--uid', 'ada', '--json');
    const { type, connectionId } = JSON.parse(json.stdout);
    assert.deepEqual([type, connectionId], ['token_released', 'c1']);
  });

  it('shows none of another, and none from before', async () => {
    assert.equal((await run('--uid', 'grace')).stdout, 'None.\n');
    const since = new Date(world.clock.now() + 60_000).toISOString();
    assert.equal((await run('--uid', 'ada', '--since', since)).stdout, 'None.\n');
  });

  it('shows what is no user’s', async () => {
    const { stdout } = await run('--suite', '--json');
    const types = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).type);
    assert.deepEqual(types, ['user_forgotten', 'key']);
  });

  it('proves that a user was forgotten, to whoever knows his uid', async () => {
    assert.match((await run('--forgotten', 'grace')).stdout, /user_forgotten .*connections=1/);
    assert.equal((await run('--forgotten', 'ada')).stdout, 'None.\n');
  });

  const wrong: readonly (readonly string[])[] = [
    [],
    ['--uid', 'ada', '--suite'],
    ['--uid'],
    ['list'],
    ['--uid', 'ada', '--since', 'yesterday'],
  ];
  for (const args of wrong) {
    it(`ends with exit code 2 for ${args.join(' ') || 'nothing'}, saying what is wrong`, async () => {
      const { code, stdout, stderr } = await run(...args);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
      assert.match(stderr, /Usage|ISO 8601/);
      assert.doesNotMatch(stderr, /at .*\.ts:\d/);
    });
  }
});
