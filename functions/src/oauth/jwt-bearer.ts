import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { StrongroomError } from '../errors.ts';
import type { SigningKey } from '../providers/client-schema.ts';
import type { MachineProvider } from '../providers/settings-schema.ts';
import { fill } from '../providers/template.ts';
import { filledParameters, scopeParameter } from './machine-parameters.ts';
import type { Party } from './party.ts';
import { type Credentials, signingKeysOf } from './registration.ts';
import { importSigningKey } from './signing-key.ts';
import type { MachineGrant } from './token-request.ts';

type JwtBearerProvider = Extract<MachineProvider, { kind: 'jwt-bearer' }>;

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** The keys that may sign the assertion: the app's, one or two while one is replaced; or the user's. */
export function assertionKeysOf(
  { assertionKeys, assertion }: JwtBearerProvider,
  credentials: Credentials,
): readonly SigningKey[] {
  return assertionKeys.length > 0 ? assertionKeys : signingKeysOf(credentials, assertion.alg);
}

/**
 * The JWT bearer grant (RFC 7523 §2.1): a new assertion with each request, signed by that key.
 *
 * @throws StrongroomError `invalid_argument` where the user's key is none; `provider_misconfigured`
 *   where the app's is.
 */
export async function jwtBearerGrant(
  { provider, server, client }: Party & { readonly provider: JwtBearerProvider },
  key: SigningKey,
  credentials: Credentials,
  scopes: readonly string[],
): Promise<MachineGrant> {
  const { assertion: described, tokenParameters } = provider;
  const { issuer, subject = issuer, audience, claims, lifetimeSeconds } = described;
  const scope = scopes.join(provider.scopeSeparator);
  const hasScopeClaim = Object.values(claims).some((claim) => claim.includes('{scope}'));
  const known = { client_id: client.client_id, ...credentials, scope };
  const {
    iss = '',
    sub = iss,
    aud,
  } = filledParameters(
    provider,
    { iss: issuer, sub: subject, ...(audience !== undefined && { aud: audience }) },
    known,
  );
  const signer = await importSigningKey(key).catch(() => {
    throw unusableKey(provider);
  });
  const issuedAt = Math.floor(Date.now() / 1_000);
  const { alg, kid } = signer;
  const assertion = await new SignJWT(filledParameters(provider, claims, known))
    .setProtectedHeader({ alg, typ: 'JWT', ...(kid !== undefined && { kid }) })
    .setIssuer(iss)
    .setSubject(sub)
    .setAudience(aud ?? server.token_endpoint ?? server.issuer)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifetimeSeconds)
    .setJti(randomUUID())
    .sign(signer.key)
    .catch(() => {
      throw unusableKey(provider);
    });
  return {
    grantType,
    parameters: {
      ...(!hasScopeClaim && scopeParameter(provider, scopes)),
      ...filledParameters(provider, tokenParameters, credentials),
      assertion,
    },
  };
}

/** Whom the assertion is about, as far as it may be shown. */
export function assertionSubjectOf(
  { clientId, assertion: { issuer, subject = issuer } }: JwtBearerProvider,
  shown: Credentials,
): string | undefined {
  return fill(subject, { ...(clientId !== undefined && { client_id: clientId }), ...shown });
}

function unusableKey({ id, assertionKeys }: JwtBearerProvider): StrongroomError {
  return assertionKeys.length === 0
    ? new StrongroomError(
        'invalid_argument',
        'The private key cannot be used: PEM or JWK, without a passphrase, of the expected kind.',
        { field: 'credentials.private_key' },
      )
    : new StrongroomError(
        'provider_misconfigured',
        `A key of the provider ${id} is no private key of the algorithm that its settings name. ` +
          'Correct assertionKeys.',
        { field: `providers.${id}.assertionKeys` },
      );
}
