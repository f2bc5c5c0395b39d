import { onTaskDispatched } from 'firebase-functions/tasks';
import * as v from 'valibot';
import { lanesPerTask } from '../events/outbox.ts';
import { systemClock } from '../platform/clock.ts';
import { taskInvokers } from './options.ts';
import { parseRequest } from './requests.ts';
import { suite } from './suite.ts';

const deliveryRequest = v.object({
  lanes: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[\w-]{1,128}$/))), v.maxLength(lanesPerTask)),
});

const timeoutSeconds = 540;
/** What is begun then is over before the platform ends it. */
const marginMs = 60_000;

/** Delivers what waits for the team's sinks. Only Cloud Tasks may invoke it (IAM). */
export const deliverEvents = onTaskDispatched(
  {
    invoker: taskInvokers.vault,
    timeoutSeconds,
    // What a receiver refuses is tried again by the schedule; this is for what went wrong here.
    retryConfig: { maxAttempts: 3, minBackoffSeconds: 10 },
    rateLimits: { maxConcurrentDispatches: 5 },
  },
  ({ data }) => {
    const deadlineAt = systemClock.ticks() + timeoutSeconds * 1_000 - marginMs;
    return suite().deliverEvents(parseRequest(deliveryRequest, data).lanes, deadlineAt);
  },
);
