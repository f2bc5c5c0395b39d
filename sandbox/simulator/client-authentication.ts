import { jwtVerify } from 'jose';
import { givesTokens, type TokenProvider } from './behaviour.ts';
import type { Parameters } from './protocol-parameters.ts';
import { demand, type SimulatedRequest } from './request.ts';
import type { Simulation } from './simulation.ts';

type Method = TokenProvider['clientAuthentication'];

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Demands that the client authenticates in the way that the data tells, and in no other
 * (RFC 6749 §2.3: one method per request).
 *
 * @throws Refusal `invalid_client`
 */
export async function authenticate(
  simulation: Simulation,
  request: SimulatedRequest,
  parameters: Parameters,
  method: Method = methodOf(simulation),
): Promise<void> {
  const { clientId, clientSecret } = simulation.registration;
  const { authorization } = request.headers;
  const { client_id: id, client_secret: secret, client_assertion: assertion } = parameters;
  const insist = (isMet: boolean, why: string) => demand(isMet, why, 'invalid_client', 401);
  if (method === 'client_secret_basic') {
    insist(secret === undefined && assertion === undefined, 'the secret is in the body as well');
    insist(isBasic(authorization, clientId, clientSecret), 'Basic is missing or wrong');
    return insist(id === undefined || id === clientId, 'client_id is another');
  }
  if (isNamedBySecret(simulation)) {
    const isAlone = id === undefined && secret === undefined;
    return insist(
      isAlone && isBasic(authorization, clientSecret, ''),
      'the secret is not the user name, and alone',
    );
  }
  insist(authorization === undefined, `there is an authorization header, for ${method}`);
  switch (method) {
    case 'client_secret_post':
      return insist(id === clientId && secret === clientSecret, 'the secret is not in the body');
    case 'none':
      insist(secret === undefined && assertion === undefined, 'a public client has a secret');
      return insist(isNobody(simulation) || id === clientId, 'client_id is missing');
    case 'private_key_jwt': {
      insist(parameters['client_assertion_type'] === assertionType, 'no client_assertion_type');
      const claims = await verified(simulation, assertion, audiencesOf(simulation));
      return insist(claims.iss === clientId && claims.sub === clientId, 'iss or sub is another');
    }
    case 'signed_client_secret': {
      insist(id === clientId, 'client_id is missing');
      const claims = await verified(simulation, secret, audiencesOf(simulation));
      const issuer = issuerOf(simulation);
      return insist(claims.iss === issuer && claims.sub === clientId, 'iss or sub is another');
    }
    case 'tls_client_auth':
    case 'self_signed_tls_client_auth':
      return insist(false, 'the simulator is asked without TLS');
  }
}

function methodOf({ provider }: Simulation): Method {
  return givesTokens(provider) ? provider.clientAuthentication : 'none';
}

function isNamedBySecret({ provider }: Simulation): boolean {
  return givesTokens(provider) && provider.quirks.includes('secret-as-user-name');
}

/** Who asks by an assertion alone has no client id to tell (RFC 7523 §3.1). */
function isNobody({ provider }: Simulation): boolean {
  return provider.kind === 'jwt-bearer';
}

export function isBasic(authorization: string | undefined, id: string, secret: string): boolean {
  const pair = /^Basic ([\w+/]+=*)$/.exec(authorization ?? '')?.[1];
  if (pair === undefined) return false;
  const [user = '', password = ''] = Buffer.from(pair, 'base64').toString('utf8').split(/:(.*)/s);
  return decodeURIComponent(user) === id && decodeURIComponent(password) === secret;
}

async function verified(
  { registration }: Simulation,
  jwt: string | undefined,
  audience: string[],
): Promise<{ readonly iss?: string; readonly sub?: string }> {
  const { publicKey } = registration;
  const options = { audience, requiredClaims: ['exp', 'iat'] };
  const result = await jwtVerify(jwt ?? '', publicKey, options).catch(() => undefined);
  demand(result !== undefined, 'the JWT is not ours, or not for us', 'invalid_client', 401);
  return result.payload;
}

function audiencesOf({ provider }: Simulation): string[] {
  if (!givesTokens(provider)) return [];
  const { issuer } = provider;
  const token = 'tokenEndpoint' in provider ? provider.tokenEndpoint : undefined;
  const known = [issuer, token].filter((audience) => audience !== undefined);
  const origins = known.map((url) => new URL(url).origin);
  return [...known, ...origins, ...(issuer === undefined ? [] : [`${issuer}/token`])];
}

function issuerOf({ provider, registration }: Simulation): string {
  const own = givesTokens(provider) ? provider.clientSecretIssuer : undefined;
  return own ?? registration.clientId;
}
