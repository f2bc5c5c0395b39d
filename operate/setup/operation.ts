import { setTimeout } from 'node:timers/promises';
import { isRecord } from '../../sandbox/http/body.ts';
import { CommandError } from '../command.ts';
import { type GoogleApi, type Json, type Service, textOf } from '../google-api.ts';

const mostLooks = 150;

/**
 * Waits for the end of a long-running operation (`google.longrunning.Operation`).
 *
 * @throws CommandError where it failed, or takes too long.
 */
export async function finish(
  api: GoogleApi,
  service: Service,
  begun: Json,
  pauseMs: number,
): Promise<void> {
  let operation = begun;
  for (let looks = 0; operation['done'] !== true; looks += 1) {
    if (looks === mostLooks) {
      throw new CommandError('That takes unusually long. Run the command again later to go on.');
    }
    await setTimeout(pauseMs);
    operation = await api(service, 'GET', textOf(operation, 'name') || textOf(begun, 'name'));
  }
  const { error } = operation;
  if (isRecord(error)) throw new CommandError(textOf(error, 'message') || 'The operation failed.');
}
