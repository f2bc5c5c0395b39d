import axios, { type AxiosInstance } from 'axios';
import * as v from 'valibot';
import { createAuthorized } from '../../src/calls/authorized.ts';
import { type ApiAnswer, createCallApi } from '../../src/calls/call.ts';
import type { ApiCall } from '../../src/calls/request-guard.ts';
import { createAdapter } from '../../src/client/adapter.ts';
import { createDoor } from '../../src/egress/adapter.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { systemClock as clock } from '../../src/platform/clock.ts';
import { providerSchema } from '../../src/providers/provider-schema.ts';
import type { FreshTokenSet } from '../../src/refresh/engine.ts';
import { unlimited } from '../harness/unlimited.ts';

const timeMs = 30_000;

interface Connected {
  /** As `connections-call`. */
  readonly call: (call: ApiCall) => Promise<ApiAnswer>;
  readonly client: AxiosInstance;
  /** How often the token was renewed: `token-1`, `token-2`, … */
  readonly renewals: () => number;
}

/** A connection at an API that is nothing but a listener, with whatever the provider's settings say. */
export function connectionAt(apiUrl: string, settings: object): Connected {
  const one = v.parse(providerSchema, {
    ...{ kind: 'oidc', name: 'One', issuer: 'https://id.example', clientId: 'client' },
    apiBaseUrl: `${apiUrl}/v1`,
    ...settings,
  });
  let generation = 1;
  let renewing: Promise<void> | undefined;
  let renewals = 0;
  const get: FreshTokenSet = async ({ newerThan = 0 }) => {
    while (generation <= newerThan) {
      renewing ??= Promise.resolve().then(() => {
        renewals += 1;
        generation += 1;
        renewing = undefined;
      });
      await renewing;
    }
    const accessToken = `token-${generation}`;
    const obtainedAt = generation === 1 ? 0 : clock.now();
    const tokenSet = { accessToken, tokenType: 'bearer', scopes: [], obtainedAt };
    return { tokenSet, generation, uid: 'ada', provider: { ...one, id: 'one' } };
  };
  const authorized = createAuthorized({ get }, clock);
  const common = { authorized, limits: unlimited, clock };
  const callApi = createCallApi({ ...common, egress: createEgress({ allowLoopback: true }) });
  return {
    call: (call) => callApi({ uid: 'ada' }, 'one', call, clock.ticks() + timeMs),
    client: axios.create({
      baseURL: `${apiUrl}/v1`,
      adapter: createAdapter(
        { ...common, door: createDoor({ allowLoopback: true }), random: Math.random },
        { uid: 'ada', connectionId: 'one', deadlineFrom: (now) => now + timeMs },
      ),
    }),
    renewals: () => renewals,
  };
}
