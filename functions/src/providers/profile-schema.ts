import * as v from 'valibot';
import { headerNameSchema, pathSchema, text } from './primitives.ts';

/** Claims of OpenID Connect Core 1.0 §5.1 that a profile may have, and what each is. */
export const claimKinds = {
  sub: 'subject',
  name: 'text',
  given_name: 'text',
  family_name: 'text',
  middle_name: 'text',
  nickname: 'text',
  preferred_username: 'text',
  profile: 'url',
  picture: 'url',
  website: 'url',
  email: 'text',
  email_verified: 'yes or no',
  gender: 'text',
  birthdate: 'text',
  zoneinfo: 'text',
  locale: 'text',
  phone_number: 'text',
  phone_number_verified: 'yes or no',
  updated_at: 'time',
} as const;

export type ClaimName = keyof typeof claimKinds;

export function isClaimName(name: string): name is ClaimName {
  return Object.hasOwn(claimKinds, name);
}

/** Where a provider's own API tells whose a token is. */
export const profileSchema = v.strictObject({
  /** A path below `apiBaseUrl`, or a URL whose host is that one or one of `apiHosts`. */
  endpoint: v.pipe(
    text,
    v.check((value) => /^\/[^/\\]/.test(value) || URL.canParse(value), 'must be a path or a URL'),
  ),
  method: v.optional(v.picklist(['GET', 'POST']), 'GET'),
  headers: v.optional(v.record(headerNameSchema, text), {}),
  /** Sent as it is, for an API that is asked by GraphQL or the like. */
  body: v.exactOptional(text),
  /** Which member of the answer is which claim: `{"sub": "id", "picture": "images.0.url"}`. */
  map: v.pipe(
    v.record(v.pipe(v.string(), v.check(isClaimName, 'must be a claim')), pathSchema),
    v.check((map) => Object.hasOwn(map, 'sub'), 'must say where sub is'),
  ),
});

export type ProfileSettings = v.InferOutput<typeof profileSchema>;
