import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { memberOf } from '../../functions/src/platform/member.ts';
import { isAuthorizing } from './behaviour.ts';
import type { Simulation } from './simulation.ts';

const keyId = 'simulated';
const lifetimeSeconds = 3_600;
/** Stands in an issuer in the place of the tenant; an ID token's `tid` fills it. */
const tenantPlace = '{tenantid}';
export const simulatedTenant = '9188040d-6c67-4c5b-b112-36a304b66dad';

/** One pair of keys for all simulated providers of this process. */
let keys: ReturnType<typeof generateKeyPair> | undefined;

function keyPair(): ReturnType<typeof generateKeyPair> {
  keys ??= generateKeyPair('RS256', { extractable: true });
  return keys;
}

/** The key set that verifies the ID tokens (RFC 7517 §5). */
export async function keySet(): Promise<{ readonly keys: JWK[] }> {
  const { publicKey } = await keyPair();
  return { keys: [{ ...(await exportJWK(publicKey)), kid: keyId, alg: 'RS256', use: 'sig' }] };
}

/** What the issuer calls itself in its discovery document: with a place for the tenant or without. */
export function issuerIn({ provider }: Pick<Simulation, 'provider'>): string {
  if (!isAuthorizing(provider)) return '';
  const issuer =
    provider.issuer ?? new URL(provider.kind === 'oauth2' ? provider.tokenEndpoint : '').origin;
  if (!provider.quirks.includes('multi-tenant-issuer')) return issuer;
  return issuer.replace(/\/(?:common|organizations|consumers)(?=\/)/, `/${tenantPlace}`);
}

/**
 * An ID token (OpenID Connect Core 1.0 §2). Its times are the real ones: those who read it do not go
 * by the simulator's clock.
 */
export async function newIdToken(
  simulation: Simulation,
  nonce: string | undefined,
): Promise<string> {
  const { privateKey } = await keyPair();
  const issuer = issuerIn(simulation);
  const hasTenant = issuer.includes(tenantPlace);
  const { provider } = simulation;
  // One that nobody may read is one that nobody could believe.
  const isUnread = 'quirks' in provider && provider.quirks.includes('id-token-unread');
  return new SignJWT({
    ...(nonce !== undefined && !isUnread && { nonce }),
    ...(hasTenant && { tid: simulatedTenant }),
  })
    .setProtectedHeader({ alg: 'RS256', kid: keyId })
    .setIssuer(
      isUnread ? 'https://elsewhere.example' : issuer.replace(tenantPlace, simulatedTenant),
    )
    .setSubject(subjectOf(simulation))
    .setAudience(simulation.registration.clientId)
    .setIssuedAt()
    .setExpirationTime(`${lifetimeSeconds}s`)
    .sign(privateKey);
}

/** Whose account it is: as the samples say. */
export function subjectOf(behaviour: Pick<Simulation, 'provider' | 'samples'>): string {
  return subjectTold(behaviour) ?? 'simulated-account';
}

/** What the samples tell of it, where the provider's data leads. */
export function subjectTold({
  provider,
  samples,
}: Pick<Simulation, 'provider' | 'samples'>): string | undefined {
  const path = provider.profile?.map['sub'] ?? verifiedBy(provider);
  const told =
    (path && memberOf(samples.profile?.body, path)) ?? memberOf(samples.userinfo?.body, 'sub');
  return typeof told === 'string' || typeof told === 'number' ? String(told) : undefined;
}

function verifiedBy(provider: Simulation['provider']) {
  return 'verify' in provider ? provider.verify?.account.subject : undefined;
}
