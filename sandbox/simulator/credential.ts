import type { Provider } from '../../functions/src/providers/settings-schema.ts';
import { fieldsOf, fill } from '../../functions/src/providers/template.ts';
import type { Grant } from './grants.ts';
import type { SimulatedRequest } from './request.ts';
import type { Simulation } from './simulation.ts';

/** Whose a credential is: a grant's, or that of the user whose key it is. */
export type Holder = Grant | 'user';

type Placing = Provider['credential'];

/**
 * Whose credential a request carries, placed exactly as the provider's data says.
 *
 * @returns undefined where it is absent, elsewhere, or not good.
 */
export function holderOf(
  simulation: Simulation,
  request: SimulatedRequest,
  placing: Placing = simulation.provider.credential,
): Holder | undefined {
  if (simulation.isRefusing.value) return undefined;
  if (placing.headers['authorization'] === undefined && request.headers.authorization) {
    return undefined;
  }
  const { provider } = simulation;
  if (provider.kind === 'api-key' || provider.kind === 'basic') {
    return carries(request, placing, keyFieldsOf(simulation)) ? 'user' : undefined;
  }
  const token = tokenIn(request, placing);
  const grant = simulation.grants.holderOf(token);
  if (token === undefined || grant === undefined) return undefined;
  const fields = {
    client_id: simulation.registration.clientId,
    ...simulation.credentials,
    ...grant.fields,
    access_token: token,
  };
  return carries(request, placing, fields) ? grant : undefined;
}

/** RFC 6750 §2.1. */
export function bearerOf({ headers }: SimulatedRequest): string | undefined {
  return /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
}

function keyFieldsOf({ provider, credentials }: Simulation): Readonly<Record<string, string>> {
  if (provider.kind !== 'basic') return credentials;
  const { username, password } = provider;
  const pair = `${fill(username, credentials)}:${fill(password, credentials)}`;
  return { ...credentials, access_token: Buffer.from(pair).toString('base64') };
}

function carries(
  request: SimulatedRequest,
  placing: Placing,
  fields: Readonly<Record<string, string>>,
): boolean {
  return placesOf(request, placing).every(
    ({ template, sent }) => sent !== undefined && sent === fill(template, fields),
  );
}

/** The access token in the first place that has one. */
function tokenIn(request: SimulatedRequest, placing: Placing): string | undefined {
  for (const { template, sent } of placesOf(request, placing)) {
    if (!fieldsOf(template).includes('access_token')) continue;
    const [before = '', after = ''] = template.split('{access_token}');
    if (sent?.startsWith(before) && sent.endsWith(after)) {
      return sent.slice(before.length, sent.length - after.length);
    }
  }
  return undefined;
}

function placesOf({ headers, query }: SimulatedRequest, placing: Placing) {
  return [
    ...Object.entries(placing.headers).map(([name, template]) => {
      const sent = headers[name];
      return { template, sent: typeof sent === 'string' ? sent : undefined };
    }),
    ...Object.entries(placing.query).map(([name, template]) => ({
      template,
      sent: query.getAll(name).length === 1 ? (query.get(name) ?? undefined) : undefined,
    })),
  ];
}
