import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { World } from './world.ts';

/** Instances of a world's suite, each a process. */
export interface Workers {
  /**
   * Has every process call the connection's `/me` that many times at once.
   *
   * @returns the status of each call, or the error of those that failed.
   */
  callAtOnce(uid: string, connectionId: string, timesEach: number): Promise<string[]>;
  /** Ends them in the middle of whatever they do. */
  kill(): void;
  stop(): Promise<void>;
}

/** Starts that many and waits until they are ready. */
export async function startWorkers(world: World, count: number): Promise<Workers> {
  const options = JSON.stringify({
    projectId: world.projectId,
    secretManagerHost: `127.0.0.1:${world.secretManager.port}`,
  });
  const children = Array.from({ length: count }, () => start(world, options));
  await Promise.all(children.map(answerOf));
  return {
    async callAtOnce(uid, connectionId, times) {
      const answers = children.map((child) => answerOf(child));
      for (const child of children) child.send({ uid, connectionId, times });
      return (await Promise.all(answers)).flatMap(outcomesOf);
    },
    kill() {
      for (const child of children) child.kill('SIGKILL');
    },
    async stop() {
      const exits = children.map((child) => child.exitCode ?? once(child, 'exit'));
      for (const child of children) child.disconnect();
      await Promise.all(exits);
    },
  };
}

function start(world: World, options: string): ChildProcess {
  return fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), [options], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: { ...process.env, FIRESTORE_EMULATOR_HOST: `127.0.0.1:${world.meter.port}` },
  });
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`A worker ended with exit code ${code}.`);
  });
  const [message]: unknown[] = await Promise.race([once(child, 'message'), died]);
  return message;
}

function outcomesOf(message: unknown): string[] {
  const told = typeof message === 'object' && message !== null && 'outcomes' in message;
  return told && Array.isArray(message.outcomes) ? message.outcomes.map(String) : [];
}
