import type { ReauthReason } from '../store/documents.ts';

/** What the team's backend can be told of. A type never changes its meaning. */
export const eventTypes = [
  'connected',
  'refreshed',
  'needs_reauth',
  'recovered',
  'disconnected',
  'expires_soon',
  'paused',
  'resumed',
  'provider_down',
  'provider_recovered',
] as const;
export type EventType = (typeof eventTypes)[number];

/** `refreshed` tells of what is as it should be, once an hour and connection. */
export const defaultEventTypes = eventTypes.filter((type) => type !== 'refreshed');

/** Where events are sent to. */
export const sinks = ['webhook', 'eventarc'] as const;
export type Sink = (typeof sinks)[number];

/** What happened to a connection. Times are milliseconds since the epoch. */
export type ConnectionFact =
  /** Its user consented: to a new connection, or once more to one that worked. */
  | { readonly type: 'connected'; readonly renewed: boolean }
  | { readonly type: 'refreshed'; readonly generation: number; readonly expiresAt: number | null }
  | { readonly type: 'needs_reauth'; readonly reason: ReauthReason }
  /** One that needed its user works again. */
  | { readonly type: 'recovered' }
  | { readonly type: 'disconnected'; readonly cause: 'user' | 'account_deleted' }
  /** Its owner is disabled, or signed out everywhere; he is back. */
  | { readonly type: 'paused'; readonly cause: 'disabled' | 'signed_out' }
  | { readonly type: 'resumed' }
  | { readonly type: 'expires_soon'; readonly needsReauthAt: number; readonly days: number };

/** What happened to a provider, as the suite sees it. */
export type ProviderFact =
  | { readonly type: 'provider_down'; readonly reason: string }
  | { readonly type: 'provider_recovered'; readonly downSinceAt: number };

/** A connection; `events` as its vault document counts them. */
export interface ConnectionSubject {
  readonly connectionId: string;
  readonly uid: string;
  readonly provider: string;
  readonly events: number;
}

/** A provider; `events` as the document counts them that changes in the same commit. */
export interface ProviderSubject {
  readonly provider: string;
  readonly events: number;
}
