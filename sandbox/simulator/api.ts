import { memberOf } from '../../functions/src/platform/member.ts';
import { fill } from '../../functions/src/providers/template.ts';
import { jsonAnswer, type SimulatedAnswer, sampleAnswer } from './answer.ts';
import { isAuthorizing } from './behaviour.ts';
import { bearerOf, type Holder, holderOf } from './credential.ts';
import { subjectOf } from './id-token.ts';
import { demand, type SimulatedRequest } from './request.ts';
import type { Simulation } from './simulation.ts';

/** Any path below the API's base: tells whose the credential is, and nothing secret. */
export function callApi(simulation: Simulation, request: SimulatedRequest): SimulatedAnswer {
  const holder = holderOf(simulation, request);
  if (holder === undefined) return refused(simulation);
  if (!isBelowBase(simulation, request.path, holder))
    return jsonAnswer(404, { error: 'not_found' });
  demandApiHeaders(simulation, request, holder);
  simulation.counters.calls += 1;
  const { method, path } = request;
  return jsonAnswer(200, { account: subjectOf(simulation), method, path });
}

/** Where the API tells whose an account is. */
export function profile(simulation: Simulation, request: SimulatedRequest): SimulatedAnswer {
  const { provider, samples } = simulation;
  const holder = holderOf(simulation, request);
  if (holder === undefined) return refused(simulation);
  demandApiHeaders(simulation, request, holder);
  for (const [name, value] of Object.entries(provider.profile?.headers ?? {})) {
    demand(request.headers[name] === value, `the header ${name} is missing or another`);
  }
  const { method = 'GET', body } = provider.profile ?? {};
  demand(request.method === method, `the profile is asked for by ${method}`);
  demand(body === undefined || request.body === body, 'the body is another');
  if (samples.profile === undefined) return jsonAnswer(200, { id: subjectOf(simulation) });
  return sampleAnswer(samples.profile);
}

/** The request by which credentials are tried before they are kept. */
export function verify(simulation: Simulation, request: SimulatedRequest): SimulatedAnswer {
  const { provider, samples } = simulation;
  const holder = holderOf(simulation, request);
  if (holder === undefined) return refused(simulation);
  demandApiHeaders(simulation, request, holder);
  if (samples.profile !== undefined) return sampleAnswer(samples.profile);
  const expected = 'verify' in provider ? provider.verify?.expect[0] : undefined;
  return jsonAnswer(expected ?? 200, { account: subjectOf(simulation) });
}

/** The request after connecting, whose answer tells where the API is. */
export function lookup(simulation: Simulation, request: SimulatedRequest): SimulatedAnswer {
  const { provider, samples } = simulation;
  const headers = provider.lookup?.headers;
  const holder = holderOf(simulation, request, headers && { headers, query: {} });
  if (holder === undefined) return refused(simulation);
  demand(samples.lookup !== undefined, 'there is no sample of a lookup');
  for (const [name, place] of Object.entries(provider.lookup?.keep ?? {})) {
    const value = memberOf(samples.lookup.body, place);
    if (holder !== 'user') holder.fields[name] = String(value);
  }
  return sampleAnswer(samples.lookup);
}

/** OpenID Connect Core 1.0 §5.3. */
export function userinfo(simulation: Simulation, request: SimulatedRequest): SimulatedAnswer {
  const { grants, samples } = simulation;
  const grant = grants.holderOf(bearerOf(request));
  if (grant === undefined) return refused(simulation);
  const sub = subjectOf(simulation);
  if (samples.userinfo === undefined) return jsonAnswer(200, { sub });
  return sampleAnswer(samples.userinfo);
}

/** How the API refuses a credential: as its sample shows; 401 (RFC 6750 §3.1) without one. */
export function refused({ provider, samples, counters }: Simulation): SimulatedAnswer {
  counters.refusedCalls += 1;
  if (samples.refusal !== undefined) return sampleAnswer(samples.refusal);
  const [status = 401] = provider.replayOn;
  return jsonAnswer(
    status,
    { error: 'invalid_token' },
    { 'www-authenticate': 'Bearer error="invalid_token"' },
  );
}

function demandApiHeaders(simulation: Simulation, request: SimulatedRequest, holder: Holder): void {
  const { provider, registration } = simulation;
  const fields = { client_id: registration.clientId, ...fieldsOf(simulation, holder) };
  for (const [name, template] of Object.entries(provider.apiHeaders)) {
    const expected = fill(template, fields) ?? template;
    demand(request.headers[name] === expected, `the header ${name} is missing or another`);
  }
}

/** What is known of who calls. */
function fieldsOf({ credentials, variables }: Simulation, holder: Holder) {
  return { ...credentials, ...variables, ...(holder !== 'user' && holder.fields) };
}

/** By what the data and the answers to this user say where the API is. */
function isBelowBase(simulation: Simulation, path: string, holder: Holder): boolean {
  const { provider, origin } = simulation;
  const base = fill(provider.apiBaseUrl, fieldsOf(simulation, holder));
  if (base === undefined) return false;
  const below = new URL(base).pathname.replace(/\/$/, '');
  if (isAuthorizing(provider) && provider.quirks.includes('instance-url')) {
    // An origin has no place for the host that it stands for.
    const own = provider.apiBaseUrl.replace(/^\{\w+\}/, '');
    return base.startsWith(origin) && (path.startsWith(`${own}/`) || path.startsWith(`${below}/`));
  }
  return path.startsWith(`${below}/`);
}
