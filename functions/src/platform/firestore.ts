import { Firestore } from 'firebase-admin/firestore';
import { PassThroughClient } from 'google-auth-library';
import { StrongroomError, unavailable } from '../errors.ts';
import type { Environment } from './environment.ts';
import { within } from './within.ts';

/**
 * Opens the database. REST is preferred: gRPC costs a cold start more than it gives back, and no
 * call of the suite needs it. In the sandbox the emulator asks for no credentials.
 */
export function openFirestore(environment: Environment, databaseId: string): Firestore {
  return new Firestore({
    projectId: environment.projectId,
    databaseId,
    preferRest: true,
    ignoreUndefinedProperties: true,
    clientConfig,
    ...(environment.mode === 'sandbox' && { authClient: new PassThroughClient() }),
  });
}

/** Time limit of one Firestore operation; the client library alone would retry for minutes. */
const operationTimeoutMs = 10_000;
/** How long the library tries a commit: it must not take effect once its caller was told no. */
const commitTimeoutMs = 8_000;

/** Overrides of `firestore_client_config.json`. Batches have 10 minutes all the same. */
const clientConfig = {
  interfaces: {
    'google.firestore.v1.Firestore': { methods: { Commit: { timeout_millis: commitTimeoutMs } } },
  },
};

// https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
const notFound = 5;
const alreadyExists = 6;
const failedPrecondition = 9;

/** What became of a conditional write. */
export type WriteOutcome<T> =
  | { readonly written: true; readonly value: T }
  | {
      readonly written: false;
      /** A document that was to be changed does not exist. */
      readonly isMissing: boolean;
    };

/**
 * Runs a conditional write.
 *
 * @returns `written: false` where the precondition did not hold: somebody else was first.
 * @throws StrongroomError `unavailable` where no answer came; the write may or may not have
 *   happened.
 */
export async function conditionally<T>(write: () => Promise<T>): Promise<WriteOutcome<T>> {
  try {
    return { written: true, value: await within(operationTimeoutMs, write(), late) };
  } catch (error) {
    const code = codeOf(error);
    if (code === failedPrecondition || code === notFound || code === alreadyExists) {
      return { written: false, isMissing: code === notFound };
    }
    throw asUnavailable(error);
  }
}

/**
 * Runs a write that creates documents.
 *
 * @returns false where one of them exists. Under an id that nobody else can have, an earlier try of
 *   this very write took effect and its answer was lost.
 * @throws StrongroomError `unavailable`
 */
export async function creating(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await within(operationTimeoutMs, write(), late);
    return true;
  } catch (error) {
    if (codeOf(error) === alreadyExists) return false;
    throw asUnavailable(error);
  }
}

/**
 * Runs a read or an unconditional write.
 *
 * @throws StrongroomError `unavailable` where Firestore could not be reached or refused.
 */
export async function reachFirestore<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await within(operationTimeoutMs, operation(), late);
  } catch (error) {
    throw asUnavailable(error);
  }
}

const late = () => unavailable('firestore');

function asUnavailable(error: unknown): StrongroomError {
  return error instanceof StrongroomError ? error : unavailable('firestore');
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
