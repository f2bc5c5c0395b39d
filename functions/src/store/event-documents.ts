import * as v from 'valibot';
import { eventTypes, sinks } from '../events/event.ts';
import { time } from './documents.ts';

/** `strongroomEvents/{id}`: one event on its way to one sink. Closed to every client. */
export const eventDocumentSchema = v.object({
  /** The connection's id, or `provider_` and the provider's. */
  subject: v.string(),
  /** Subject and sink: what is in one lane is delivered in the order of `sequence`. */
  lane: v.string(),
  /** The how manieth event of its subject. */
  sequence: v.pipe(v.number(), v.integer(), v.minValue(1)),
  sink: v.picklist(sinks),
  type: v.picklist(eventTypes),
  /** Null: it tells of a provider. */
  uid: v.nullable(v.string()),
  provider: v.string(),
  /** What the type adds; ready for JSON. */
  data: v.record(v.string(), v.nullable(v.union([v.string(), v.number(), v.boolean()]))),
  occurredAt: time,
  state: v.picklist(['pending', 'delivered', 'dead']),
  /** Deliveries begun. */
  attempts: v.number(),
  /**
   * Pending: when the schedule hands it over; where an attempt was begun, nobody begins another
   * before. Else null.
   */
  nextAttemptAt: v.nullable(time),
  /** An attempt that fails from then on is the last one. */
  giveUpAt: time,
  /** Why the last attempt failed: a status, or the kind of failure. */
  lastFailure: v.nullable(v.string()),
  /** The TTL policy's field. */
  deleteAt: time,
});

export type EventDocument = v.InferOutput<typeof eventDocumentSchema>;
export type EventState = EventDocument['state'];

/** An event that is written in the same commit as the change that it tells of. */
export interface NewEvent {
  readonly id: string;
  readonly document: EventDocument;
}
