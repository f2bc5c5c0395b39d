/** Runs one simulation in a thread of its own; `workers.ts` starts it. */
import '../functions/test/harness/logs.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { type Plan, simulate } from './simulation.ts';

const plan: Plan = workerData;
parentPort?.postMessage(await simulate(plan));
