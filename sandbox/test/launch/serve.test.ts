import assert from 'node:assert/strict';
import { waitUntil } from '../../launch/sweep.ts';
import { type Served, spawnServe } from '../../serve/spawn.ts';
import { stack } from '../stack.ts';

const TIMEOUT_MS = 60_000;

describe('the functions outside the functions emulator', function () {
  this.timeout(TIMEOUT_MS);
  let first: Served;
  let second: Served;

  before(async () => {
    [first, second] = await Promise.all([
      spawnServe(stack),
      spawnServe(stack, { nodeArgs: ['--title=second'], env: { STRONGROOM_TEST: '1' } }),
    ]);
  });
  after(() => Promise.all([first?.stop(), second?.stop()]));

  it('run in as many processes side by side as wanted, each at a URL of its own', async () => {
    assert.notEqual(first.pid, second.pid);
    for (const { url } of [first, second])
      assert.equal((await fetch(`${url}/oauth`)).headers.get('x-powered-by'), null);
  });

  for (const path of ['providers-list', `${stack.projectId}/${stack.region}/providers-list`])
    it(`answer a callable at /${path}`, async () => {
      const response = await fetch(`${first.url}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"data":{}}',
      });
      // Nobody is signed in: the function itself says so.
      assert.equal(response.status, 401);
      assert.match(await response.text(), /UNAUTHENTICATED/);
    });

  it('answer the paths that Hosting rewrites', async () => {
    const response = await fetch(`${first.url}/v1/connections`);
    assert.equal(response.status, 401);
  });

  it('say which functions there are where a path names none', async () => {
    const response = await fetch(`${first.url}/no-such-function`);
    assert.equal(response.status, 404);
    assert.match(await response.text(), /connections-call/);
  });

  it('end with the signal asked for, at once where that is SIGKILL', async () => {
    const { pid, stop } = await spawnServe(stack);
    await stop('SIGKILL');
    const isGone = () => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    };
    assert.ok(await waitUntil(isGone, TIMEOUT_MS));
  });

  it('do not come up, and say why, where a variable is wrong', async () => {
    const start = spawnServe(stack, { env: { GCLOUD_PROJECT: 'a-real-project' } });
    await assert.rejects(start, /Strongroom refuses to start/);
  });
});
