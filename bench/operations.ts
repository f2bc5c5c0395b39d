import type { Cost } from '../functions/test/harness/world.ts';

/**
 * What the parts of the rotation read and write in Firestore. `npm run count` counts them with the
 * real suite, the emulator and the meter, and fails where these are not what it counts.
 */
export const counted = {
  /** A run of `rotateTokens` with nothing due; where events have a sink, 1 read more. */
  idleRun: { reads: 4, writes: 0 },
  /** More for each provider of which something is due: whether it is paused. */
  providerInRun: { reads: 1, writes: 0 },
  /** More for each connection that is handed over. */
  handedOver: { reads: 1, writes: 0 },
  /** A task with a batch, beside its refreshes. */
  batch: { reads: 0, writes: 0 },
  /** A refresh, by the schedule or for a caller. */
  refresh: { reads: 1, writes: 2 },
  /** A note that a connection was used, where the policy asks for it. */
  note: { reads: 0, writes: 1 },
} as const satisfies Readonly<Record<string, Cost>>;

/**
 * Not counted but assumed, on the dear side: a network and a provider are none that could be
 * measured here.
 */
export const assumed = {
  /** How long a provider takes to answer, and a round trip to Firestore, of which a refresh has 3. */
  providerMs: 300,
  firestoreMs: 20,
  /** Processor time of a refresh. */
  processorMs: 10,
  /** How busy Cloud Run lets instances get before it starts another. */
  utilisation: 0.6,
  /** What leaves Google's network for a token request: handshake, request, headers. */
  outboundBytes: 4_096,
  /** A connection's documents and their index entries. */
  storedBytes: 6_144,
  /** `rotateTokens`, beside its queries and tasks. */
  runSeconds: 0.5,
  /** Reads of Secret Manager per instance: two secrets, looked at every five minutes. */
  accessesPerInstanceSecond: 2 / 300,
} as const;

/** How long a refresh takes. */
export const refreshMs = assumed.providerMs + 3 * assumed.firestoreMs;
