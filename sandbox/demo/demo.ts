import { setLogLevel } from 'firebase/app';
import type { Stack } from '../launch/stack.ts';
import { type StepRecord, table } from './report.ts';
import { type Notes, steps } from './steps.ts';

/** A step of the demo that failed; `message` names it. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

/**
 * Does the main job against a running sandbox and says what each step saw.
 *
 * @param signal ends it without a word: the sandbox is being taken down under it.
 * @throws StepFailed naming the step, after the table.
 */
export async function runDemo(
  stack: Pick<Stack, 'sandbox' | 'standIns'>,
  signal: AbortSignal,
): Promise<void> {
  // The refusals below are meant; the SDK would warn of each.
  setLogLevel('silent');
  const { meter } = stack.standIns;
  const records: StepRecord[] = [];
  const notes: Notes = { ...stack, people: [] };
  let failure: unknown;

  console.log('\nThe main job, with the firebase SDK as the client:\n');
  for (const [index, { title, run }] of steps.entries()) {
    const before = meter.counts();
    const startedAt = performance.now();
    console.log(`${index + 1}. ${title}`);
    try {
      for (const line of await run(notes)) console.log(`     ${line}`);
    } catch (error) {
      failure = error;
    }
    if (signal.aborted) return;
    const milliseconds = performance.now() - startedAt;
    const after = meter.counts();
    records.push({
      title,
      milliseconds,
      reads: after.reads - before.reads,
      writes: after.writes - before.writes,
      ok: failure === undefined,
    });
    if (failure !== undefined) break;
  }
  for (const person of notes.people) await person.leave();
  console.log(`\n${table(records)}\n`);
  if (failure !== undefined) {
    const why = failure instanceof Error ? failure.message : String(failure);
    throw new StepFailed(`The step "${records.at(-1)?.title}" failed: ${why}`);
  }
}
