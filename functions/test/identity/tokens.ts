import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';

export const projectId = 'demo-strongroom';

/** What signs a token. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  /** The public one (RFC 7517), as App Check has it. */
  readonly jwk: object;
  /** SPKI, PEM: as the SDK takes it from Google's certificate endpoints. */
  readonly publicPem: string;
}

export function newKey(kid: string): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    kid,
    privateKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' },
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

type Part = Readonly<Record<string, unknown>>;
type Signer = (input: string) => string;

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');

export const byRs256 =
  ({ privateKey }: SigningKey): Signer =>
  (input) =>
    sign('sha256', Buffer.from(input), privateKey).toString('base64url');
export const byHs256 =
  (secret: string): Signer =>
  (input) =>
    createHmac('sha256', secret).update(input).digest('base64url');
export const byNobody: Signer = () => '';

/** A JWS of any header and payload (RFC 7515 §3.1); `undefined` leaves a field out. */
export function jwt(header: Part, payload: unknown, signer: Signer): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${signer(input)}`;
}

const seconds = (ms = Date.now()) => Math.floor(ms / 1_000);

/** What Firebase puts into every ID token: https://firebase.google.com/docs/auth/admin/verify-id-tokens */
export function idTokenClaims(uid: string): Record<string, unknown> {
  const now = seconds();
  return {
    iss: `https://securetoken.google.com/${projectId}`,
    aud: projectId,
    auth_time: now - 60,
    user_id: uid,
    sub: uid,
    iat: now - 60,
    exp: now + 3_600,
    firebase: { identities: {}, sign_in_provider: 'password' },
  };
}

/** The same for a session cookie: https://firebase.google.com/docs/auth/admin/manage-cookies */
export function sessionCookieClaims(uid: string): Record<string, unknown> {
  return { ...idTokenClaims(uid), iss: `https://session.firebase.google.com/${projectId}` };
}

/** What App Check puts into its tokens, of that app. */
export function appCheckClaims(appId = '1:1:web:1'): Record<string, unknown> {
  const now = seconds();
  return {
    iss: 'https://firebaseappcheck.googleapis.com/1',
    aud: ['projects/1', `projects/${projectId}`],
    sub: appId,
    jti: randomUUID(),
    iat: now - 60,
    exp: now + 3_600,
  };
}

/** A token as Firebase would issue it. */
export function issue(key: SigningKey, claims: Part): string {
  return jwt({ alg: 'RS256', kid: key.kid, typ: 'JWT' }, claims, byRs256(key));
}
