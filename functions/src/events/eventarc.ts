import { getApps, initializeApp } from 'firebase-admin/app';
import type { Environment } from '../platform/environment.ts';
import { firebaseApp } from '../platform/firebase-app.ts';
import { memoise } from '../platform/memoise.ts';
import { within } from '../platform/within.ts';
import { idOf, messageOf } from './message.ts';
import { noSuchSink, type Sender, sendTimeoutMs } from './sender.ts';

/**
 * Publishes to a channel of Eventarc, as CloudEvents: type `strongroom.` and the event's, the subject
 * as in the webhook's `connectionId` or `provider_<id>`.
 */
export function createEventarcSender(environment: Environment): Sender {
  const { projectId } = environment;
  const eventarc = memoise(async () => {
    const { getEventarc } = await import('firebase-admin/eventarc');
    return getEventarc(environment.mode === 'sandbox' ? sandboxApp(projectId) : firebaseApp());
  });

  return async (event, { events }) => {
    if (events?.eventarc === undefined) return noSuchSink;
    const { type, timestamp, data } = messageOf(event);
    const channel = (await eventarc()).channel(`projects/${projectId}/${events.eventarc.channel}`);
    try {
      const published = channel.publish({
        id: idOf(event),
        type: `strongroom.${type}`,
        source: `urn:strongroom:${projectId}`,
        subject: event.subject,
        time: timestamp,
        data,
      });
      await within(sendTimeoutMs, published);
      return { kind: 'delivered' };
    } catch (error) {
      return { kind: 'failed', why: codeOf(error) };
    }
  };
}

/** The SDK asks for an access token even where an emulator answers, which takes any. */
function sandboxApp(projectId: string) {
  const credential = {
    getAccessToken: async () => ({ access_token: 'owner', expires_in: 3_600 }),
  };
  const name = `strongroom-eventarc-${projectId}`;
  return (
    getApps().find((app) => app.name === name) ?? initializeApp({ projectId, credential }, name)
  );
}

function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  return typeof code === 'string' && /^[\w/-]{1,64}$/.test(code) ? code : 'failed';
}
