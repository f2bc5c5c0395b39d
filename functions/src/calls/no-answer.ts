import type { EgressError } from '../egress/egress.ts';
import { StrongroomError, unavailable } from '../errors.ts';

/** Our own guard refuses where the settings say that the API is. */
export function addressRefused(): StrongroomError {
  return new StrongroomError(
    'egress_refused',
    'The API address of this provider is not one that may be called. Correct its settings.',
  );
}

/**
 * What a caller is told where the API gave no answer that could be used.
 *
 * @param tooLarge what is too large, and what to do about it.
 */
export function noAnswer({ kind }: EgressError, tooLarge: string): StrongroomError {
  switch (kind) {
    case 'refused':
      return addressRefused();
    case 'too_large':
      return new StrongroomError('answer_too_large', tooLarge);
    case 'timeout':
      return new StrongroomError('deadline_exceeded', 'The API did not answer in time.', {
        dependency: 'provider',
      });
    case 'unreachable':
    case 'dropped':
      return unavailable('provider');
  }
}
