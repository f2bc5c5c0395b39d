import type { EventDocument } from '../store/event-documents.ts';
import type { EventType } from './event.ts';

/** What receivers are told. Never a token, never anything of the account at the provider. */
export interface Message {
  readonly type: EventType;
  /** When it happened; ISO 8601. */
  readonly timestamp: string;
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}

/** The same at every attempt, by every sink: by it a receiver knows what came twice. */
export function idOf({ subject, sequence }: EventDocument): string {
  return `${subject}_${sequence}`;
}

/** An event as it is told, whatever the sink. */
export function messageOf(event: EventDocument): Message {
  const { type, subject, uid, provider, sequence, data, occurredAt } = event;
  return {
    type,
    timestamp: new Date(occurredAt).toISOString(),
    data: { ...(uid !== null && { connectionId: subject, uid }), provider, sequence, ...data },
  };
}
