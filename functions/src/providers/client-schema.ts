import * as v from 'valibot';
import { signatureAlgorithms } from '../platform/signature-algorithms.ts';
import { text } from './primitives.ts';

/** PEM (PKCS #8, PKCS #1, SEC 1), or a JWK (RFC 7517). */
const privateKeySchema = v.union(
  [
    v.pipe(v.string(), v.regex(/^-----BEGIN (RSA |EC )?PRIVATE KEY-----\s/)),
    v.looseObject({ kty: v.picklist(['RSA', 'EC', 'OKP']), d: text }),
  ],
  'must be a private key: PEM without a passphrase, or a JWK',
);

/** A private key with which the app signs, and how. */
export const signingKeySchema = v.strictObject({
  privateKey: privateKeySchema,
  /** Default: RS256, ES256, ES384, ES512 or EdDSA, by the kind of key. */
  alg: v.exactOptional(v.picklist(signatureAlgorithms)),
  /** By which the provider finds the public key. */
  kid: v.exactOptional(text),
});

export type SigningKey = v.InferOutput<typeof signingKeySchema>;

const pem = (label: string) =>
  v.pipe(
    v.string(),
    v.regex(
      new RegExp(`^-----BEGIN ${label}-----\\s`),
      'must be PEM, the key without a passphrase',
    ),
  );

/** Of mutual TLS (RFC 8705). */
export const certificateSchema = v.strictObject({
  /** PEM: the app's certificate, then those between it and the root. */
  certificate: pem('CERTIFICATE'),
  privateKey: pem('(?:RSA |EC )?PRIVATE KEY'),
});

export type ClientCertificate = v.InferOutput<typeof certificateSchema>;

/** The app's registration at an authorization server: who it is, and how it proves that. */
export const clientEntries = {
  clientId: text,
  /**
   * One, or two while a secret is being replaced: the second is tried on `invalid_client`. Empty for
   * `none`.
   */
  clientSecrets: v.optional(v.pipe(v.array(text), v.maxLength(2)), []),
  clientAuthentication: v.optional(
    v.picklist([
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'signed_client_secret',
      'tls_client_auth',
      'self_signed_tls_client_auth',
      'none',
    ]),
    'client_secret_basic',
  ),
  /** For `private_key_jwt` (RFC 7523 §2.2) and `signed_client_secret`: one, or two while a key is being replaced. */
  clientKeys: v.optional(v.pipe(v.array(signingKeySchema), v.maxLength(2)), []),
  /** Whom such an assertion is for. Default: the issuer where the settings name it. */
  clientAssertionAudience: v.exactOptional(v.picklist(['issuer', 'token_endpoint'])),
  /** Who signs a `signed_client_secret`: a JWT in the place of the secret. Default: the client id. */
  clientSecretIssuer: v.exactOptional(text),
  /** Shown to the endpoints of the provider; needed for both kinds of `tls_client_auth`. */
  clientCertificate: v.exactOptional(certificateSchema),
  /** Its access tokens are bound to that certificate (RFC 8705 §3): the API is shown it as well. */
  certificateBoundTokens: v.optional(v.boolean(), false),
};
