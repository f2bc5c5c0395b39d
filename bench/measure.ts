import { Shutdown, shutdownSignal } from '../sandbox/launch/shutdown.ts';
import { type Stack, startStack } from '../sandbox/launch/stack.ts';

/** The median, the 95th percentile and the greatest. */
export function spread(all: readonly number[]): [p50: number, p95: number, max: number] {
  const sorted = all.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return [at(0.5), at(0.95), at(1)];
}

/**
 * Runs a measurement on a stack of its own, and ends the process with it.
 *
 * @param portOffset added to the usual ports, so that it runs beside others.
 */
export async function onStack(
  portOffset: number,
  measure: (stack: Stack, signal: AbortSignal) => Promise<void>,
): Promise<never> {
  const signal = shutdownSignal();
  let stack: Stack | undefined;
  let exitCode = 1;
  try {
    stack = await startStack({ name: 'bench', portOffset, ticks: false, signal, say: () => {} });
    await measure(stack, signal);
    exitCode = 0;
  } catch (error) {
    if (error instanceof Shutdown) exitCode = error.exitCode;
    else console.error(error instanceof Error ? error.message : error);
  }
  await stack?.stop();
  process.exit(exitCode);
}
