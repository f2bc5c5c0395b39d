import { jwtVerify } from 'jose';
import type { MachineProvider } from '../../functions/src/providers/settings-schema.ts';
import { fill } from '../../functions/src/providers/template.ts';
import type { SimulatedAnswer } from './answer.ts';
import { authenticate } from './client-authentication.ts';
import { demandAll, demandScopes, type Parameters, standardNames } from './protocol-parameters.ts';
import { demand, type SimulatedRequest } from './request.ts';
import type { Simulation } from './simulation.ts';
import { tokenAnswer } from './token-answer.ts';
import { tokenParametersIn } from './token-format.ts';

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** Tokens without a user's browser: RFC 6749 §4.4, and RFC 7523 §2.1. */
export async function machineToken(
  simulation: Simulation,
  request: SimulatedRequest,
): Promise<SimulatedAnswer> {
  const { provider, samples, grants, counters } = simulation;
  const isMachine = provider.kind === 'client-credentials' || provider.kind === 'jwt-bearer';
  demand(isMachine && samples.token !== undefined, 'there is no sample of a token');
  if (provider.quirks.includes('assertion-as-bearer')) {
    await demandBearerAssertion(simulation, provider, request);
  } else {
    const parameters = standardNames(simulation, tokenParametersIn(provider, request));
    const { grant_type: grantType } = parameters;
    const isJwt = provider.kind === 'jwt-bearer';
    const expected = isJwt ? jwtBearer : provider.grantType;
    demand(grantType === expected, `not ${expected}`, 'unsupported_grant_type');
    await authenticate(simulation, request, parameters);
    if (isJwt) await demandAssertion(simulation, provider, parameters['assertion']);
    demandParameters(simulation, provider, parameters);
  }
  counters.tokens += 1;
  return tokenAnswer(simulation, samples.token, { grant: grants.newGrant() });
}

function demandParameters(
  simulation: Simulation,
  provider: MachineProvider,
  parameters: Parameters,
): void {
  const templates = Object.entries(provider.tokenParameters);
  const expected = templates.flatMap(([name, template]) => {
    const value = fill(template, simulation.credentials);
    return value === undefined ? [] : [[name, value] as const];
  });
  demandAll(Object.fromEntries(expected), parameters);
  const isInClaims =
    provider.kind === 'jwt-bearer' &&
    Object.values(provider.assertion.claims).some((claim) => claim.includes('{scope}'));
  if (!isInClaims) demandScopes(simulation, parameters['scope']);
}

/** The assertion in the place of an access token, and nothing else. */
async function demandBearerAssertion(
  simulation: Simulation,
  provider: MachineProvider,
  { method, headers, body }: SimulatedRequest,
): Promise<void> {
  demand(method === 'POST', 'method', 'invalid_request', 405);
  const assertion = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
  demand(provider.kind === 'jwt-bearer', 'there is no assertion');
  await demandAssertion(simulation, provider, assertion);
  demand(!/assertion|grant_type/.test(body), 'the assertion is in a form as well');
}

/** RFC 7523 §3. */
async function demandAssertion(
  { registration, credentials }: Simulation,
  { assertion: described, tokenEndpoint, issuer }: Extract<MachineProvider, { kind: 'jwt-bearer' }>,
  assertion: string | undefined,
): Promise<void> {
  const fields = { client_id: registration.clientId, ...credentials };
  const expected = {
    issuer: fill(described.issuer, fields) ?? '',
    subject: fill(described.subject ?? described.issuer, fields) ?? '',
    audience: fill(described.audience ?? tokenEndpoint ?? issuer ?? '', fields) ?? '',
  };
  const result = await jwtVerify(assertion ?? '', registration.publicKey, {
    ...expected,
    requiredClaims: ['exp', 'iat'],
    ...(described.alg !== undefined && { algorithms: [described.alg] }),
  }).catch(() => undefined);
  demand(result !== undefined, 'the assertion is not ours, or not for us', 'invalid_grant');
}
