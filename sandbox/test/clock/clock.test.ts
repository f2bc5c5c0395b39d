import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, type ClockOptions, startClock } from '../../clock/clock.ts';
import { type LocalServer, startLocalServer } from '../../http/local-server.ts';

describe('the clock', () => {
  let functions: LocalServer;
  let clock: Clock;
  let seen: IncomingMessage[];
  let answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>;

  beforeEach(async () => {
    seen = [];
    answer = async (_request, response) => void response.end();
    functions = await startLocalServer(async (request, response) => {
      seen.push(request);
      await answer(request, response);
    }, 0);
  });

  afterEach(async () => {
    await clock.stop();
    await functions.stop();
  });

  const start = async (options: Partial<ClockOptions> = {}) => {
    clock = await startClock({
      port: 0,
      functionsUrl: functions.url,
      projectId: 'demo-clock',
      region: 'us-central1',
      schedules: [{ name: 'rotateTokens', everySeconds: 3600 }],
      ...options,
    });
  };
  const post = async (path: string) => fetch(`${clock.url}${path}`, { method: 'POST' });
  /** Resolves at the next request to the functions emulator. */
  const nextRequest = () =>
    new Promise<() => void>((resolve) => {
      answer = async (_request, response) => {
        await new Promise<void>((finish) => resolve(finish));
        response.end();
      };
    });

  it("fires a schedule as Cloud Scheduler does, at the emulator's address for it", async () => {
    await start();
    const response = await post('/fire/rotateTokens');
    assert.equal(response.status, 200);
    const [request] = seen;
    assert.equal(request?.method, 'POST');
    assert.equal(
      request?.url,
      '/functions/projects/demo-clock/triggers/us-central1-rotateTokens-0',
    );
    assert.equal(request?.headers['x-cloudscheduler-jobname'], 'rotateTokens');
    const scheduled = String(request?.headers['x-cloudscheduler-scheduletime']);
    assert.ok(!Number.isNaN(Date.parse(scheduled)));
  });

  it('fires by time, again and again', async () => {
    const threeTimes = new Promise<void>((resolve) => {
      answer = async (_request, response) => {
        response.end();
        if (seen.length === 3) resolve();
      };
    });
    await start({ schedules: [{ name: 'sweep', everySeconds: 0.01 }] });
    await threeTimes;
  });

  it('never has two firings of one schedule under way', async () => {
    const request = nextRequest();
    await start({ schedules: [{ name: 'sweep', everySeconds: 0.005 }] });
    const finish = await request;
    const joined = [clock.fire('sweep'), clock.fire('sweep')];
    assert.equal(clock.state().schedules[0]?.running, true);
    assert.equal(seen.length, 1);
    clock.pause();
    finish();
    assert.equal((await joined[0])?.status, 200);
    assert.deepEqual(await joined[1], await joined[0]);
    assert.equal(seen.length, 1);
  });

  it('goes on after a function has failed or could not be reached, and says so', async () => {
    await start();
    answer = async (_request, response) => void response.writeHead(500).end();
    assert.equal((await post('/fire/rotateTokens')).status, 502);
    assert.equal(clock.state().schedules[0]?.last?.status, 500);
    answer = async (_request, response) => void response.destroy();
    assert.equal((await clock.fire('rotateTokens')).status, 0);
    answer = async (_request, response) => void response.end();
    assert.equal((await clock.fire('rotateTokens')).ok, true);
    assert.equal(clock.state().schedules[0]?.firings, 3);
  });

  it('fires nothing by itself while paused, but on demand', async () => {
    await start({ paused: true, schedules: [{ name: 'sweep', everySeconds: 0.001 }] });
    const state: unknown = await (await fetch(clock.url)).json();
    assert.deepEqual(state, {
      paused: true,
      schedules: [{ name: 'sweep', everySeconds: 0.001, firings: 0, running: false }],
    });
    await clock.fire('sweep');
    assert.equal(seen.length, 1);
    const resumed = nextRequest();
    await post('/resume');
    (await resumed)();
    assert.equal(clock.state().paused, false);
    await post('/pause');
    assert.equal(clock.state().paused, true);
  });

  it('answers 404 for a schedule that there is not', async () => {
    await start();
    assert.equal((await post('/fire/nothing')).status, 404);
    assert.equal(seen.length, 0);
  });

  it('stops though a function never answers', async () => {
    const request = nextRequest();
    await start();
    const firing = clock.fire('rotateTokens');
    await request;
    await clock.stop();
    assert.equal((await firing).ok, false);
  });
});
