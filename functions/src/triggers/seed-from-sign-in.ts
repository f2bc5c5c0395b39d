import { beforeUserSignedIn } from 'firebase-functions/identity';
import { onTaskDispatched } from 'firebase-functions/tasks';
import { seedLaterSchema } from '../connections/sign-in/seed.ts';
import { seedSignIns, taskInvokers } from './options.ts';
import { parseRequest } from './requests.ts';
import { suite } from './suite.ts';

/**
 * Takes the tokens of an ordinary Firebase sign-in into the vault. Off unless the team says `trigger`: a
 * project has one blocking function per event, and needs Identity Platform. See docs/sign-in.md.
 */
export const seedFromSignIn = beforeUserSignedIn(
  {
    omit: seedSignIns.notEquals('trigger'),
    accessToken: true,
    idToken: true,
    refreshToken: true,
    // Firebase waits no longer.
    timeoutSeconds: 7,
  },
  (event) => suite().seed(event),
);

/** Keeps what Firestore did not take in time; only Cloud Tasks may invoke it (IAM). */
export const keepSignIn = onTaskDispatched(
  {
    omit: seedSignIns.equals('off'),
    invoker: taskInvokers.vault,
    timeoutSeconds: 60,
    retryConfig: { maxAttempts: 20, minBackoffSeconds: 2, maxBackoffSeconds: 300 },
    rateLimits: { maxConcurrentDispatches: 20 },
  },
  ({ data }) => suite().seedLater(parseRequest(seedLaterSchema, data)),
);
