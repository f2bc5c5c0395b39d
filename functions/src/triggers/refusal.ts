import { StrongroomError } from '../errors.ts';
import { log } from '../logs.ts';

/**
 * What a failed operation answers, logged: an error of ours as it is; anything else, which is a
 * defect, as `internal`, its text withheld.
 */
export function refusalOf(operation: string, error: unknown): StrongroomError {
  if (error instanceof StrongroomError) {
    log.refused(operation, error);
    return error;
  }
  log.unexpected(operation, error);
  return new StrongroomError(
    'internal',
    'Something went wrong here. It was logged; try again later.',
  );
}
