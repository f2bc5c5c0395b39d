import * as logger from 'firebase-functions/logger';
import { StrongroomError } from './errors.ts';
import { OAuthFailure } from './oauth/failure.ts';

/**
 * Every line the suite logs. What may be said is decided here and nowhere else: identifiers,
 * stable codes and counts; never a token, a code, a URL with parameters, a header or a body.
 */
export const log = {
  /** An answer that says no. What the caller did wrong is debug matter; the rest is a warning. */
  refused(operation: string, error: StrongroomError): void {
    const { code, details, actor } = error;
    const write = actor === 'caller' || actor === 'user' ? logger.debug : logger.warn;
    write('refused', { operation, code, ...details });
  },
  /** A defect: the type and the place of the error, without its text, which could hold anything. */
  unexpected(operation: string, error: unknown): void {
    const isError = error instanceof Error;
    logger.error('unexpected error', {
      operation,
      type: isError ? error.name : typeof error,
      at: isError ? framesOf(error) : [],
    });
  },
  settingsKept(error: unknown): void {
    logger.error('new settings refused; the last good ones stay in force', reasonOf(error));
  },
  keyKept(version: string, error: unknown): void {
    logger.error('the newest key cannot be read; the one at hand seals', {
      version,
      ...reasonOf(error),
    });
  },
  keyChanged(what: 'added' | 'disabled' | 'destroyed', version: string): void {
    logger.warn(`a version of the keyring was ${what}`, { version });
  },
  keyNotAdded(): void {
    logger.warn('no key was added: another run is at it; npm run keys -- status tells');
  },
  keyStillNeeded(version: string, documents: number): void {
    logger.error('documents name a key that is disabled: gcloud secrets versions enable', {
      version,
      documents,
    });
  },
  resealed(counts: Readonly<Record<string, number | string>>, refused: readonly string[]): void {
    logger.info('sealed anew', counts);
    if (refused.length > 0) logger.error('documents that do not open', { connections: refused });
  },
  /** The one alert of a circuit that opened; for `misconfigured` the team must act. */
  providerDown(provider: string, cause: string, providerError: string | null): void {
    const what =
      cause === 'misconfigured'
        ? 'the provider refuses our client; check its settings'
        : 'the provider gives no answers; it is asked now and then only';
    logger.error(what, { provider, cause, providerError });
  },
  providerRecovered(provider: string): void {
    logger.info('the provider answers again', { provider });
  },
  circuitNotRead(provider: string, error: unknown): void {
    logger.warn('the state of a provider could not be read', { provider, ...reasonOf(error) });
  },
  circuitNotWritten(provider: string, error: unknown): void {
    logger.warn('the state of a provider could not be written', { provider, ...reasonOf(error) });
  },
  /** An instance keeps to a limit by its own count. */
  limitNotShared(id: string, error: unknown): void {
    logger.warn('a limit could not be shared', { limit: id, ...reasonOf(error) });
  },
  spilled(connectionId: string): void {
    logger.warn('Firestore takes no token set; a task has it', { connectionId });
  },
  spillFailed(connectionId: string, error: unknown): void {
    logger.error('neither Firestore nor a task takes a token set; trying on', {
      connectionId,
      ...reasonOf(error),
    });
  },
  needsReauth(connectionId: string, provider: string, reason: string): void {
    logger.warn('connection needs its user', { connectionId, provider, reason });
  },
  refreshFailed(connectionId: string, error: unknown): void {
    logger.warn('refresh failed', { connectionId, ...reasonOf(error) });
  },
  revocationFailed(error: unknown): void {
    logger.warn('the provider did not revoke a grant', reasonOf(error));
  },
  introspectionFailed(provider: string, error: unknown): void {
    logger.warn('the provider did not tell when a token ends', { provider, ...reasonOf(error) });
  },
  /** No further attempt would help; `not_offered` by the provider is no surprise. */
  profileNotRead(provider: string, error: unknown): void {
    logger.warn('a provider did not tell whose account was connected', {
      provider,
      ...reasonOf(error),
    });
  },
  grantNotRevoked(connectionId: string, reason: string): void {
    const write = reason === 'not_offered' ? logger.debug : logger.warn;
    write('the provider did not revoke a grant', { connectionId, reason });
  },
  eventsDelivered(counts: Readonly<Record<string, number>>): void {
    logger.info('events', counts);
  },
  eventFailed(id: string, { attempts, lastFailure }: EventAttempt): void {
    logger.warn('event not delivered; it is tried again', { id, attempts, lastFailure });
  },
  eventDead(id: string, { attempts, lastFailure }: EventAttempt): void {
    logger.error('event given up; npm run events -- replay sends it again', {
      id,
      attempts,
      lastFailure,
    });
  },
  eventsNotHandedOver(lanes: number): void {
    logger.warn('events wait for the schedule; the task queue took none', { lanes });
  },
  rotated(fields: Readonly<Record<string, number | string>>): void {
    logger.info('rotation', fields);
  },
  swept(counts: Readonly<Record<string, number>>): void {
    logger.info('sweep', counts);
  },
  auditNotWritten(type: string, error: unknown): void {
    logger.error('a record of the audit could not be written', { type, ...reasonOf(error) });
  },
  /** Of the sign-in nothing but Firebase's name of the provider. */
  notSeeded(providerId: string, error: unknown): void {
    logger.error('the tokens of a sign-in could not be kept; the next sign-in tries again', {
      provider: providerId,
      ...reasonOf(error),
    });
  },
  seedHandedOver(provider: string, error: unknown): void {
    logger.warn('the tokens of a sign-in go to a task', { provider, ...reasonOf(error) });
  },
  notPaused(error: unknown): void {
    logger.warn('connections of a user who is away could not be paused', reasonOf(error));
  },
  forgotten(connections: number): void {
    logger.info('user forgotten', { connections });
  },
};

interface EventAttempt {
  readonly attempts: number;
  readonly lastFailure: string;
}

function reasonOf(error: unknown): Record<string, unknown> {
  if (error instanceof StrongroomError) return { code: error.code, details: error.details };
  return error instanceof OAuthFailure
    ? { kind: error.kind, providerError: error.providerError }
    : { code: 'internal' };
}

/** The stack without its first line: the message of a foreign error may quote its input. */
function framesOf(error: Error): string[] {
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  return frames.slice(0, 8).map((line) => line.trim());
}
