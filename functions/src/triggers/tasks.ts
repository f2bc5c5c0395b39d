import { onTaskDispatched } from 'firebase-functions/tasks';
import { batchRequest, parseRequest } from './requests.ts';
import { suite } from './suite.ts';

/** Refreshes one batch of `rotateTokens`. Only Cloud Tasks may invoke it (IAM). */
export const refreshBatch = onTaskDispatched(
  {
    timeoutSeconds: 540,
    retryConfig: { maxAttempts: 3, minBackoffSeconds: 10 },
    // A batch mostly waits for its turns.
    rateLimits: { maxConcurrentDispatches: 100 },
  },
  ({ data }) => suite().refreshBatch(parseRequest(batchRequest, data)),
);
