import type { Environment } from '../functions/src/platform/environment.ts';
import { googleHeaders } from '../functions/src/platform/google-auth.ts';
import { REGION, readSandboxFile } from '../sandbox/launch/sandbox-file.ts';
import { CommandError } from './command.ts';

const timeoutMs = 300_000;

/**
 * Fires a scheduled function now: by Cloud Scheduler, or the sandbox's clock, which waits for it.
 *
 * @throws CommandError
 */
export async function fireSchedule(
  { mode, projectId }: Environment,
  name: 'rotateKeys',
): Promise<void> {
  const job = `firebase-schedule-${name}-${REGION}`;
  const url =
    mode === 'sandbox'
      ? `${readSandboxFile().urls.clock}/fire/${name}`
      : `https://cloudscheduler.googleapis.com/v1/projects/${projectId}/locations/${REGION}/jobs/${job}:run`;
  try {
    const headers = mode === 'sandbox' ? {} : await googleHeaders();
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await fetch(url, { method: 'POST', headers, signal });
    if (answer.ok) return;
    throw new CommandError(`${new URL(url).host} answered ${answer.status}. ${advice(job)}`);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${new URL(url).host} could not be reached. ${advice(job)}`);
  }
}

function advice(job: string): string {
  return `It was asked for, and is done at the next run: gcloud scheduler jobs run ${job} --location ${REGION}`;
}
