import { memberOf } from '../../functions/src/platform/member.ts';
import { fieldsOf, fill } from '../../functions/src/providers/template.ts';
import type { RevocationShape } from '../../functions/src/providers/wire-schema.ts';
import { jsonAnswer, type SimulatedAnswer, sampleAnswer } from './answer.ts';
import { refused } from './api.ts';
import { givesTokens, placeOf } from './behaviour.ts';
import { authenticate, isBasic } from './client-authentication.ts';
import { holderOf } from './credential.ts';
import { type Parameters, standardNames } from './protocol-parameters.ts';
import { demand, parametersIn, type SimulatedRequest } from './request.ts';
import type { Simulation } from './simulation.ts';

/** Ends a grant: as RFC 7009 §2.1 says, or in exactly the provider's own shape. */
export async function revoke(
  simulation: Simulation,
  request: SimulatedRequest,
): Promise<SimulatedAnswer> {
  const { provider, samples, grants, counters } = simulation;
  demand(givesTokens(provider), 'nothing is revoked here');
  const shape = provider.revocation;
  if (shape !== undefined) {
    if (shape.by === 'access_token') {
      const holder = holderOf(simulation, request);
      if (holder === undefined || holder === 'user') return refused(simulation);
    }
    const tokens = await revokedInShape(simulation, shape, request);
    // There is one user here: who names the account means all that it gave.
    if (tokens.length === 0) grants.revokeAll();
    for (const token of tokens) grants.revokeToken(token, true);
  } else {
    demand(request.method === 'POST', 'method', 'invalid_request', 405);
    const parameters = standardNames(simulation, parametersIn(request, 'form'));
    await authenticate(simulation, request, parameters);
    const { token } = parameters;
    demand(token !== undefined, 'token is missing');
    grants.revokeToken(token, false);
  }
  counters.revocations += 1;
  return samples.revocation === undefined ? jsonAnswer(200, {}) : sampleAnswer(samples.revocation);
}

/**
 * Whether a request to an address that serves other ends as well is one for revocation: by the
 * parameters that are fixed.
 */
export function isRevocation({ provider }: Simulation, request: SimulatedRequest): boolean {
  const shape = givesTokens(provider) ? provider.revocation : undefined;
  if (shape === undefined) return false;
  if (shape.method !== request.method) return false;
  const fixed = Object.entries(shape.parameters).filter(([, value]) => !value.includes('{'));
  const sent = sentIn(shape, request);
  return fixed.every(([name, value]) => sent?.[name] === value);
}

function sentIn(
  { format }: RevocationShape,
  request: SimulatedRequest,
): Readonly<Record<string, string>> | undefined {
  try {
    return parametersIn(request, format);
  } catch {
    return undefined;
  }
}

async function revokedInShape(
  simulation: Simulation,
  shape: RevocationShape,
  request: SimulatedRequest,
): Promise<string[]> {
  const { registration, grants } = simulation;
  const { clientId, clientSecret } = registration;
  const { method, by, format } = shape;
  demand(request.method === method, 'method', 'invalid_request', 405);
  const parameters = Object.keys(shape.parameters).length > 0 ? parametersIn(request, format) : {};
  if (by === 'client') {
    await authenticate(simulation, request, standardNames(simulation, parameters));
  }
  if (by === 'client_secret_basic') {
    const isOurs = isBasic(request.headers.authorization, clientId, clientSecret);
    demand(isOurs, 'Basic is missing or wrong', 'invalid_client', 401);
  }
  const holder = by === 'access_token' ? accessTokenOf(simulation, request) : undefined;
  const tokens = new Set(holder === undefined ? [] : [holder]);
  const kept = keptIn(simulation);
  const namesAccount = Object.values(shape.parameters).some((template) =>
    fieldsOf(template).some((name) => Object.hasOwn(kept, name)),
  );
  const sent: Parameters = { ...parameters, ...headersIn(shape, request) };
  for (const [name, template] of Object.entries({ ...shape.parameters, ...shape.headers })) {
    const token = tokenAt(template, sent[name]);
    if (token !== undefined) tokens.add(token);
    const fields = {
      ...kept,
      token,
      access_token: token,
      client_id: clientId,
      client_secret: clientSecret,
    };
    const known = Object.entries(fields).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value] as const],
    );
    const expected = fill(template, Object.fromEntries(known));
    demand(expected === undefined || sent[name] === expected, `${name} is missing or another`);
  }
  const inPath = request.path.split('/').map(decodeURIComponent).find(grants.isKnown);
  if (inPath !== undefined) tokens.add(inPath);
  demand(tokens.size > 0 || namesAccount, 'neither a token nor an account is named');
  return [...tokens];
}

/** What the sample of a token answer tells of the account, by the names under which it is kept. */
function keptIn({ provider, samples }: Simulation): Readonly<Record<string, string>> {
  const told = provider.keep.map(
    (name) =>
      [name, memberOf(samples.token?.body, placeOf(provider, samples.token?.body, name))] as const,
  );
  return Object.fromEntries(told.map(([name, value]) => [name, String(value)]));
}

function headersIn(shape: RevocationShape, { headers }: SimulatedRequest): Parameters {
  return Object.fromEntries(
    Object.keys(shape.headers).map((name) => [name, headers[name]?.toString()]),
  );
}

/** What stands in the place of a token. */
function tokenAt(template: string, sent: string | undefined): string | undefined {
  const [before = '', after] = template.split(/\{(?:access_)?token\}/);
  if (after === undefined || sent === undefined) return undefined;
  if (!sent.startsWith(before) || !sent.endsWith(after)) return undefined;
  return sent.slice(before.length, sent.length - after.length);
}

/** The one that asks, where that is how the request is authenticated. */
function accessTokenOf(simulation: Simulation, request: SimulatedRequest): string | undefined {
  const { provider, grants } = simulation;
  const { headers, query } = provider.credential;
  const sent = [
    ...Object.entries(headers).map(([name, template]) =>
      tokenAt(template, request.headers[name]?.toString()),
    ),
    ...Object.entries(query).map(([name, template]) =>
      tokenAt(template, request.query.get(name) ?? undefined),
    ),
  ];
  return sent.find((token) => token !== undefined && grants.isKnown(token));
}
