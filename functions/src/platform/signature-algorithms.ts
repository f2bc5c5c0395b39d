/** Signatures that only one side can make (RFC 7518 §3.1, RFC 8037): an HMAC is made by whoever can check it. */
export const signatureAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
