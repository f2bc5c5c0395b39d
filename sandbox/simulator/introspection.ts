import { isRecord } from '../http/body.ts';
import { jsonAnswer, type SimulatedAnswer, sampleAnswer } from './answer.ts';
import { authenticate } from './client-authentication.ts';
import { withMember } from './member.ts';
import { standardNames } from './protocol-parameters.ts';
import { demand, parametersIn, type SimulatedRequest } from './request.ts';
import type { Simulation } from './simulation.ts';

/** What is known of a token (RFC 7662 §2). */
export async function introspect(
  simulation: Simulation,
  request: SimulatedRequest,
): Promise<SimulatedAnswer> {
  const { grants, samples } = simulation;
  demand(request.method === 'POST', 'method', 'invalid_request', 405);
  const parameters = standardNames(simulation, parametersIn(request, 'form'));
  await authenticate(simulation, request, parameters);
  const { token = '' } = parameters;
  if (grants.holderOf(token) === undefined) return jsonAnswer(200, { active: false });
  const endsAt = grants.endOf(token);
  const exp = Number.isFinite(endsAt) ? Math.floor(endsAt / 1_000) : undefined;
  if (samples.introspection === undefined) return jsonAnswer(200, { active: true, exp });
  const { body } = samples.introspection;
  const active = isRecord(body) ? { ...body, active: true } : { active: true };
  return sampleAnswer(samples.introspection, withMember(active, 'exp', exp));
}
