import { onTaskDispatched } from 'firebase-functions/tasks';
import { resealSchema } from '../keys/reseal.ts';
import { spilledSchema } from '../refresh/spill.ts';
import { taskInvokers } from './options.ts';
import { batchRequest, parseRequest } from './requests.ts';
import { suite } from './suite.ts';

/** Refreshes one batch of `rotateTokens`. Only Cloud Tasks may invoke it (IAM). */
export const refreshBatch = onTaskDispatched(
  {
    invoker: taskInvokers.vault,
    timeoutSeconds: 540,
    retryConfig: { maxAttempts: 3, minBackoffSeconds: 10 },
    // A batch mostly waits for its turns.
    rateLimits: { maxConcurrentDispatches: 100 },
  },
  ({ data }) => suite().refreshBatch(parseRequest(batchRequest, data)),
);

/**
 * Writes a token set that Firestore could not take when it came; tried for a day, and never more
 * seldom than `doubtMs` leaves a vanished holder's token alone.
 */
export const commitRefresh = onTaskDispatched(
  {
    invoker: taskInvokers.vault,
    timeoutSeconds: 60,
    retryConfig: {
      maxAttempts: 100,
      maxRetrySeconds: 24 * 60 * 60,
      minBackoffSeconds: 1,
      maxBackoffSeconds: 5,
    },
  },
  ({ data }) => suite().commitRefresh(parseRequest(spilledSchema, data)),
);

/** Seals a page of the vault anew for `rotateKeys`, and hands over the next. */
export const resealBatch = onTaskDispatched(
  {
    invoker: taskInvokers.both,
    timeoutSeconds: 540,
    retryConfig: { maxAttempts: 10, minBackoffSeconds: 10, maxBackoffSeconds: 300 },
    rateLimits: { maxConcurrentDispatches: 4 },
  },
  ({ data }) => suite().resealBatch(parseRequest(resealSchema, data)),
);
