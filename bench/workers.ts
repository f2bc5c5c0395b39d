import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Observation } from './observation.ts';
import { count } from './report.ts';
import type { Plan, Simulate } from './simulation.ts';

/**
 * Simulates in threads, as many at once as there are processors; whoever asks first is first. Says on
 * stderr what it has done.
 */
export function createWorkers(atOnce = availableParallelism()): Simulate {
  const waiting: (() => void)[] = [];
  let busy = 0;
  return async (plan) => {
    if (busy >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy += 1;
    try {
      const startedAt = performance.now();
      const seen = await simulateInThread(plan);
      console.error(`${describe(plan)}: ${Math.round((performance.now() - startedAt) / 1_000)} s`);
      return seen;
    } finally {
      const next = waiting.shift();
      if (next === undefined) busy -= 1;
      else next();
    }
  };
}

function describe({ cohorts, minutes }: Plan): string {
  const connections = cohorts.reduce((sum, { size }) => sum + size, 0);
  return `${count(connections)} connections for ${minutes / 60} h`;
}

function simulateInThread(plan: Plan): Promise<Observation[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: plan });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`A simulation ended with code ${code}.`)));
  });
}
