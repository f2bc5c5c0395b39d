import { createHmac } from 'node:crypto';
import { type Egress, EgressError, type IncomingAnswer } from '../egress/egress.ts';
import { retryAfterSecondsOf } from '../egress/retry-after.ts';
import type { Clock } from '../platform/clock.ts';
import { idOf, messageOf } from './message.ts';
import { noSuchSink, type Sender, type Sent, sendTimeoutMs } from './sender.ts';

/** Limit of the answer, of which nothing is read. */
const answerMaxBytes = 64 * 1_024;

/**
 * Sends to the team's endpoint, signed as Standard Webhooks has it
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
 */
export function createWebhookSender(egress: Egress, clock: Pick<Clock, 'now'>): Sender {
  return async (event, { events }) => {
    if (events?.webhook === undefined) return noSuchSink;
    const { url, secrets } = events.webhook;
    const body = JSON.stringify(messageOf(event));
    const id = idOf(event);
    const timestamp = String(Math.floor(clock.now() / 1_000));
    try {
      const answer = await egress({
        url: new URL(url),
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': timestamp,
          'webhook-signature': secrets
            .map((secret) => signatureOf(secret, `${id}.${timestamp}.${body}`))
            .join(' '),
        },
        body,
        timeoutMs: sendTimeoutMs,
        maxBytes: answerMaxBytes,
      });
      return outcomeOf(answer);
    } catch (error) {
      if (error instanceof EgressError) return { kind: 'failed', why: error.kind };
      throw error;
    }
  };
}

function signatureOf(secret: string, content: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}

/** A redirect is a failure as well: the event is for the endpoint that the settings name. */
function outcomeOf({ status, headers }: IncomingAnswer): Sent {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  const why = `status_${status}`;
  if (status === 410) return { kind: 'gone', why };
  const retryAfterSeconds = retryAfterSecondsOf(new Map(Object.entries(headers)));
  return { kind: 'failed', why, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
}
