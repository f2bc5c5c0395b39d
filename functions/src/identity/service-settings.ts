import * as v from 'valibot';
import { signatureAlgorithms } from '../platform/signature-algorithms.ts';
import { text, urlSchema } from '../providers/primitives.ts';

/** What a service may be let do; the API's routes say which of them each needs. */
export const serviceScopes = [
  'connections.read',
  'connections.write',
  'tokens.read',
  'calls.write',
] as const;
export type ServiceScope = (typeof serviceScopes)[number];

/** Who issues the sessions of users (docs/services.md): never services, whatever the settings say. */
export const firebaseIssuer =
  /^https:\/\/(?:securetoken\.google\.com|session\.firebase\.google\.com)(?:\/|$)/;

/** An authorization server whose access tokens `api` accepts, and from whom; see docs/services.md. */
const serviceSchema = v.pipe(
  v.strictObject({
    /** Exactly as in its tokens (`iss`). */
    issuer: v.pipe(
      urlSchema,
      v.check((issuer) => !firebaseIssuer.test(issuer), 'must not be the issuer of users'),
    ),
    /** What its tokens must be meant for (`aud`): this API, and nothing else that it guards. */
    audience: text,
    /** Where its keys are. Default: where its metadata says (OIDC Discovery 1.0, RFC 8414). */
    jwksUri: v.optional(urlSchema),
    /** `any`: for an issuer that does not mark its access tokens (RFC 9068 §2.1). */
    typ: v.optional(v.picklist(['at+jwt', 'any']), 'at+jwt'),
    algorithms: v.optional(
      v.pipe(v.array(v.picklist(signatureAlgorithms)), v.minLength(1, 'must not be empty')),
    ),
    /** The claim that names the client. */
    clientClaim: v.optional(v.picklist(['client_id', 'cid', 'azp', 'sub']), 'client_id'),
    /** `clients`: for an issuer that puts no scopes into its tokens; what `clients` says holds. */
    scopesFrom: v.optional(v.picklist(['token', 'clients']), 'token'),
    /** The clients that may come, and what of their scopes holds here. Default: all, and all. */
    clients: v.optional(v.record(text, v.array(v.picklist(serviceScopes)))),
  }),
  v.check(
    ({ scopesFrom, clients }) => scopesFrom === 'token' || clients !== undefined,
    'must name its clients, as scopesFrom says',
  ),
);

export const servicesSchema = v.pipe(
  v.array(serviceSchema),
  v.maxLength(20, 'must be twenty at most'),
  v.check(
    (services) => new Set(services.map(({ issuer }) => issuer)).size === services.length,
    'must name each issuer once',
  ),
);

export type ServiceSettings = v.InferOutput<typeof serviceSchema>;
