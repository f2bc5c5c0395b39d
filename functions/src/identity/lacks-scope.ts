import { StrongroomError } from '../errors.ts';
import type { ServiceScope } from './service-settings.ts';

/** What a service is told whose token is good, but not for this (RFC 6750 §3.1). */
export function lacksScope(scope: ServiceScope): StrongroomError {
  const message = `The access token lacks the scope ${scope}.`;
  return new StrongroomError('insufficient_scope', message, { scope });
}
