import { type LocalServer, sendJson, startLocalServer } from '../http/local-server.ts';
import { type FiringOutcome, type Schedule, ScheduleRunner } from './schedule-runner.ts';

export interface ClockOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Of the functions emulator, such as `http://127.0.0.1:5001`. */
  readonly functionsUrl: string;
  readonly projectId: string;
  readonly region: string;
  readonly schedules: readonly Schedule[];
  /** Fires nothing by itself until resumed; `fire` works all the same. */
  readonly paused?: boolean;
}

/** What the clock is doing. */
export interface ClockState {
  readonly paused: boolean;
  readonly schedules: readonly (Schedule & {
    readonly firings: number;
    readonly running: boolean;
    readonly last?: FiringOutcome;
  })[];
}

export interface Clock extends LocalServer {
  /** Fires now and waits for the function; joins a firing that is under way. */
  fire(name: string): Promise<FiringOutcome>;
  pause(): void;
  resume(): void;
  state(): ClockState;
}

/**
 * Cloud Scheduler's part on one machine: the functions emulator never fires a schedule by itself.
 *
 * | over HTTP | |
 * |---|---|
 * | `GET /` | the state |
 * | `POST /fire/<name>` | fires now, answers the outcome; 502 where the function failed |
 * | `POST /pause`, `POST /resume` | stops and starts firing by time |
 */
export async function startClock(options: ClockOptions): Promise<Clock> {
  const runners = new Map(
    options.schedules.map((schedule) => [
      schedule.name,
      new ScheduleRunner(schedule, triggerUrl(options, schedule.name)),
    ]),
  );
  let paused = true;
  const clock = {
    async fire(name: string) {
      const runner = runners.get(name);
      if (!runner) throw new RangeError(`There is no schedule ${name}.`);
      return runner.fire();
    },
    pause() {
      paused = true;
      for (const runner of runners.values()) runner.stop();
    },
    resume() {
      paused = false;
      for (const runner of runners.values()) runner.start();
    },
    state: () => ({ paused, schedules: [...runners.values()].map((runner) => runner.state()) }),
  };

  const server = await startLocalServer(async (request, response) => {
    const call = `${request.method} ${request.url}`;
    const name = /^POST \/fire\/([\w-]+)$/.exec(call)?.[1];
    if (name !== undefined && runners.has(name)) {
      const outcome = await clock.fire(name);
      return sendJson(response, outcome.ok ? 200 : 502, outcome);
    }
    if (call === 'POST /pause') clock.pause();
    else if (call === 'POST /resume') clock.resume();
    else if (call !== 'GET /') return sendJson(response, 404, { error: 'not_found' });
    sendJson(response, 200, clock.state());
  }, options.port);
  if (options.paused !== true) clock.resume();

  return {
    ...server,
    ...clock,
    async stop() {
      clock.pause();
      for (const runner of runners.values()) runner.abort();
      await server.stop();
    },
  };
}

/** Where the emulator takes the event of a scheduled function. */
function triggerUrl({ functionsUrl, projectId, region }: ClockOptions, name: string): string {
  return `${functionsUrl}/functions/projects/${projectId}/triggers/${region}-${name}-0`;
}
