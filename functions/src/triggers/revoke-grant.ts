import { onTaskDispatched } from 'firebase-functions/tasks';
import { revokeLaterSchema, revokingMs } from '../connections/end/revoke-later.ts';
import { taskInvokers } from './options.ts';
import { parseRequest } from './requests.ts';
import { suite } from './suite.ts';

const daySeconds = 24 * 3_600;

/** Revokes a grant whose connection has ended; only Cloud Tasks may invoke it (IAM). */
export const revokeGrant = onTaskDispatched(
  {
    invoker: taskInvokers.vault,
    timeoutSeconds: 60,
    retryConfig: {
      // The queue gives up when both are reached; a day after the task has.
      maxAttempts: 100,
      maxRetrySeconds: revokingMs / 1_000 + daySeconds,
      minBackoffSeconds: 30,
      maxBackoffSeconds: 3_600,
    },
    rateLimits: { maxConcurrentDispatches: 10 },
  },
  ({ data }) => suite().revokeGrant(parseRequest(revokeLaterSchema, data)),
);
