import * as v from 'valibot';
import { errorCodeSchema, limitSeconds, positive } from './primitives.ts';

/** How the provider's refresh tokens behave. */
const rotationSchema = v.picklist(['none', 'rotates', 'rotates-with-grace']);

/** Facts about how the provider's tokens live; each is optional and has a safe default. */
export const lifeSchema = v.strictObject({
  /** Default `rotates`: the refresh token is spent by its use. */
  rotation: v.optional(rotationSchema, 'rotates'),
  /** `rotates-with-grace`: for how long a spent refresh token works again, in seconds. */
  graceSeconds: v.exactOptional(positive),
  /**
   * Whether a user who consents again may get no new refresh token, so that the one before stays in
   * use. Default: as long as nobody knows better, it does.
   */
  reconsentOmitsRefreshToken: v.exactOptional(v.boolean()),
  /** Lifetime of an access token, in seconds, where the provider's answer does not tell. */
  accessTokenSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  /** Asks the provider for an access token's end (RFC 7662) where nothing else tells. */
  introspect: v.exactOptional(v.boolean()),
  /** How long before expiry rotation refreshes, in seconds. Default: see `refresh/due.ts`. */
  refreshLeadSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  /** A refresh token that is not used for that long dies, in seconds. */
  refreshTokenIdleSeconds: v.optional(limitSeconds),
  /** A grant dies that long after its user consented, in seconds, however often it is used. */
  refreshTokenAbsoluteSeconds: v.optional(limitSeconds),
  /** A grant can be refreshed that often. */
  refreshTokenMaxUses: v.optional(positive),
  /**
   * Error codes of the token endpoint, beside RFC 6749's, by which a grant is gone; or what it says in
   * `error_description`, to the letter, where the code says too little.
   */
  permanentErrors: v.optional(v.array(errorCodeSchema), []),
  /** The same, of errors that pass by themselves. */
  transientErrors: v.optional(v.array(errorCodeSchema), []),
});

/** What the team chooses about refreshing ahead of expiry, on schedule. */
export const rotateSchema = v.strictObject({
  /**
   * `always`; `used`: connections that were used in the last `usedWithinDays`; `keep-alive`: only as
   * often as the refresh token's idle limit asks for.
   */
  policy: v.optional(v.picklist(['always', 'used', 'keep-alive']), 'always'),
  usedWithinDays: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 30),
  /** Token requests of the schedule to this provider, per second. */
  perSecond: v.optional(v.pipe(v.number(), v.minValue(0.01), v.maxValue(1_000)), 10),
  /** Token requests of one batch to this provider at the same time. */
  concurrency: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)), 10),
});
