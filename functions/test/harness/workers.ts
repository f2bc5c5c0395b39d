import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '../../../sandbox/demo/until.ts';
import type { Resealing } from '../../src/keys/reseal.ts';
import type { Batch } from '../../src/refresh/batches.ts';
import type { Callers, StopBefore, Work, WorkerOptions } from './worker.ts';
import { type Times, writeTimes } from './worker-clock.ts';
import type { World } from './world.ts';

/** An instance of a world's suite, as a process. */
export interface Worker {
  /**
   * Has it call the connections' `/me`, all at once.
   *
   * @returns the status of each call, or the error of those that failed.
   */
  call(callers: readonly Callers[], stopBefore?: StopBefore): Promise<string[]>;
  /** Runs `rotateTokens`, and the tasks that come of it. */
  rotate(): Promise<void>;
  refreshBatch(batch: Batch): Promise<void>;
  resealBatch(resealing: Resealing): Promise<void>;
  /** Sets its clock. */
  setTimes(change: Partial<Times>): void;
  /** Sets its clock to the world's. */
  takeWorldTime(): void;
  /** Stops it where it is (SIGSTOP); what it waits for is not lost. */
  stop(): Promise<void>;
  /** Resolves once it has stopped itself. */
  stopped(): Promise<void>;
  /** Lets it go on (SIGCONT). */
  resume(): void;
  /** Ends it in the middle of whatever it does (SIGKILL). Its work in hand is rejected. */
  kill(): Promise<void>;
  /** Ends it. */
  leave(): Promise<void>;
}

/** Several of them. */
export interface Workers {
  readonly all: readonly Worker[];
  /** Has every one call the connection's `/me` that many times at once. */
  callAtOnce(uid: string, connectionId: string, timesEach: number): Promise<string[]>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export type WorkerChoice = Partial<Pick<WorkerOptions, 'clock'>>;

/** Starts that many and waits until they are ready. */
export async function startWorkers(
  world: World,
  count: number,
  choice: WorkerChoice = {},
): Promise<Workers> {
  const all = await Promise.all(Array.from({ length: count }, () => startWorker(world, choice)));
  return {
    all,
    async callAtOnce(uid, connectionId, times) {
      const calls = all.map((worker) => worker.call([{ uid, connectionId, times }]));
      return (await Promise.all(calls)).flat();
    },
    kill: async () => void (await Promise.all(all.map((worker) => worker.kill()))),
    stop: async () => void (await Promise.all(all.map((worker) => worker.leave()))),
  };
}

/** Starts one and waits until it is ready. */
export async function startWorker(
  world: World,
  { clock = 'server' }: WorkerChoice = {},
): Promise<Worker> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-worker-'));
  const timesFile = join(folder, 'times.json');
  let times: Times = { aheadMs: 0, skewMs: 0 };
  const setTimes = (change: Partial<Times>) => {
    times = { ...times, ...change };
    writeTimes(timesFile, times);
  };
  setTimes({});
  const options: WorkerOptions = {
    projectId: world.projectId,
    secretManagerHost: `127.0.0.1:${world.secretManager.port}`,
    timesFile,
    clock,
  };
  const child = start(world, options);
  const exited = once(child, 'exit').then(() => rmSync(folder, { recursive: true, force: true }));
  const answers = answersOf(child);
  await answers.ready;

  let works = 0;
  const perform = (work: Work): Promise<string[]> => {
    const id = ++works;
    const answer = answers.to(id);
    child.send({ id, work });
    return answer;
  };
  const stopped = () => until('the worker to stand still', async () => isStopped(child.pid));
  return {
    call: (callers, stopBefore) =>
      perform({ kind: 'call', callers, ...(stopBefore && { stopBefore }) }),
    rotate: async () => void (await perform({ kind: 'rotate' })),
    refreshBatch: async (batch) => void (await perform({ kind: 'refreshBatch', batch })),
    resealBatch: async (resealing) => void (await perform({ kind: 'resealBatch', resealing })),
    setTimes,
    takeWorldTime: () => setTimes({ aheadMs: world.clock.now() - Date.now() }),
    async stop() {
      child.kill('SIGSTOP');
      await stopped();
    },
    stopped,
    resume: () => void child.kill('SIGCONT'),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async leave() {
      child.kill('SIGCONT');
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

function start(world: World, options: WorkerOptions): ChildProcess {
  const file = fileURLToPath(new URL('./worker.ts', import.meta.url));
  const child = fork(file, [JSON.stringify(options)], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: { ...process.env, FIRESTORE_EMULATOR_HOST: `127.0.0.1:${world.meter.port}` },
    silent: true,
  });
  // What it logs goes where this process's own logs go.
  for (const input of [child.stdout, child.stderr]) {
    if (input !== null) createInterface({ input }).on('line', (line) => console.info(line));
  }
  return child;
}

interface Answer {
  readonly resolve: (outcomes: string[]) => void;
  readonly reject: (error: Error) => void;
}

/** What a worker answers, by the number of the work; all of it is rejected when the worker ends. */
function answersOf(child: ChildProcess) {
  const waiting = new Map<number, Answer>();
  const to = (id: number): Promise<string[]> => {
    const { promise, resolve, reject } = Promise.withResolvers<string[]>();
    // Who has killed it need not look at what became of its work.
    promise.catch(() => {});
    waiting.set(id, { resolve, reject });
    return promise;
  };
  const readyId = 0;
  const ready = to(readyId);
  child.on('message', (message) => {
    const told: { id?: number; outcomes?: string[]; error?: string } = Object(message);
    const answer = waiting.get(told.id ?? readyId);
    if (told.error === undefined) answer?.resolve(told.outcomes ?? []);
    else answer?.reject(new Error(told.error));
  });
  child.once('exit', (code, signal) => {
    const ended = new Error(`A worker ended (${signal ?? `exit code ${code}`}).`);
    for (const { reject } of waiting.values()) reject(ended);
  });
  return { ready, to };
}

function isStopped(pid = 0): boolean {
  return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith(
    'T',
  );
}
