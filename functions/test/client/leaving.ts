/**
 * A process that calls an API by a client of a connection in every way that ends early, and then has
 * nothing left to do. Argument: the API's base URL. Prints how each call ended.
 */
import { setTimeout as delay } from 'node:timers/promises';
import axios from 'axios';
import * as v from 'valibot';
import { createAuthorized } from '../../src/calls/authorized.ts';
import { createAdapter } from '../../src/client/adapter.ts';
import { createDoor } from '../../src/egress/adapter.ts';
import { StrongroomError } from '../../src/errors.ts';
import { systemClock as clock } from '../../src/platform/clock.ts';
import { settingsSchema } from '../../src/providers/settings-schema.ts';
import { unlimited } from '../harness/unlimited.ts';

const apiBaseUrl = process.argv[2] ?? '';
const { providers } = v.parse(settingsSchema, {
  app: { redirectUri: 'https://app.example/', returnTo: ['https://app.example/'] },
  providers: {
    one: { kind: 'oidc', name: 'One', issuer: 'https://id.example', clientId: 'c', apiBaseUrl },
  },
});
const { one } = providers;
if (one === undefined) throw new Error('There is no provider.');
const provider = { ...one, id: 'one' };
const tokenSet = { accessToken: 'a', tokenType: 'Bearer', scopes: [], obtainedAt: clock.now() };
const opened = { tokenSet, provider, generation: 1, uid: 'ada' };
const never = new Promise<never>(() => {});
const clientWith = (get: () => Promise<typeof opened>, timeoutMs: number) =>
  axios.create({
    baseURL: provider.apiBaseUrl,
    adapter: createAdapter(
      {
        authorized: createAuthorized({ get }, clock),
        door: createDoor({ allowLoopback: true }),
        limits: unlimited,
        clock,
        random: Math.random,
      },
      { uid: 'ada', connectionId: 'one', deadlineFrom: (now) => now + timeoutMs },
    ),
  });
const patient = clientWith(async () => opened, 600_000);
const already = { signal: AbortSignal.abort() };
const soon = () => {
  const stop = new AbortController();
  void delay(200).then(() => stop.abort());
  return { signal: stop.signal };
};

const ended = await Promise.allSettled([
  patient.get('/echo'),
  patient.get('/echo', already),
  patient.get('/status/429?retryAfter=500', soon()),
  clientWith(() => never, 600_000).get('/echo', soon()),
  clientWith(() => never, 200).get('/echo'),
  clientWith(async () => opened, 200).get('/status/429?retryAfter=500'),
]);
const stream = await patient.get('/bytes/30000000', { responseType: 'stream' });
stream.data.destroy();
const words = ended.map((outcome) => {
  if (outcome.status === 'fulfilled') return outcome.value.status;
  const error: unknown = outcome.reason;
  if (error instanceof StrongroomError) return error.code;
  return axios.isCancel(error) ? 'canceled' : axios.isAxiosError(error) && error.response?.status;
});
process.stdout.write(JSON.stringify(words));
