import type { Settings } from '../providers/settings-schema.ts';
import type { EventDocument } from '../store/event-documents.ts';

/** How a delivery ended. `gone`: the receiver wants it no more. `why` holds nothing of the answer. */
export type Sent =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'failed'; readonly why: string; readonly retryAfterSeconds?: number }
  | { readonly kind: 'gone'; readonly why: string };

/** Delivers one event to its sink, once, within `sendTimeoutMs`. */
export type Sender = (event: EventDocument, settings: Settings) => Promise<Sent>;

/** Time limit of one delivery. */
export const sendTimeoutMs = 15_000;

/** The event is for a sink that the settings name no more. */
export const noSuchSink: Sent = { kind: 'failed', why: 'no_such_sink' };
