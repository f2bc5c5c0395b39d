import { jsonAnswer, type SimulatedAnswer, sampleAnswer } from './answer.ts';
import { callApi, lookup, profile, userinfo, verify } from './api.ts';
import { authorize } from './authorization-endpoint.ts';
import { discoveryDocument } from './discovery.ts';
import { type Endpoint, endpointOf } from './endpoints.ts';
import { keySet } from './id-token.ts';
import { introspect } from './introspection.ts';
import { Refusal, type SimulatedRequest } from './request.ts';
import { revoke } from './revocation.ts';
import type { Simulation } from './simulation.ts';
import { token } from './token-endpoint.ts';

type Answering = (
  simulation: Simulation,
  request: SimulatedRequest,
) => SimulatedAnswer | Promise<SimulatedAnswer>;

const answering: Readonly<Record<Endpoint, Answering>> = {
  discovery: (simulation) => jsonAnswer(200, discoveryDocument(simulation)),
  keys: async () => jsonAnswer(200, await keySet()),
  authorization: authorize,
  token,
  refresh: token,
  exchange: token,
  renewal: token,
  revocation: revoke,
  introspection: introspect,
  userinfo,
  profile,
  verify,
  lookup,
  api: callApi,
};

/** What the provider answers to a request; what it does not accept, in the form of its errors. */
export async function answerTo(
  simulation: Simulation,
  request: SimulatedRequest,
): Promise<SimulatedAnswer> {
  const endpoint = endpointOf(simulation, request);
  try {
    return await answering[endpoint](simulation, request);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    simulation.refusals.push(`${request.method} ${endpoint}: ${error.message}`);
    const { refreshError } = simulation.samples;
    const isGrants = error.code === 'invalid_grant' && refreshError !== undefined;
    if (isGrants) return sampleAnswer(refreshError);
    const { status, code, message } = error;
    return jsonAnswer(status, { error: code, error_description: message });
  }
}
