import * as v from 'valibot';
import { type Provider, settingsSchema } from '../../src/providers/settings-schema.ts';

const { providers } = v.parse(settingsSchema, {
  app: { redirectUri: 'https://app.example/oauth/callback', returnTo: ['https://app.example/'] },
  providers: {
    one: {
      kind: 'oauth2',
      name: 'One',
      authorizationEndpoint: 'https://one.example/authorize',
      tokenEndpoint: 'https://one.example/token',
      clientId: 'c',
      apiBaseUrl: 'https://api.one.example/v1',
    },
  },
});
const { one } = providers;
if (one === undefined) throw new Error('There is no provider.');

/** A provider with nothing special about it. */
export const oneProvider: Provider = { ...one, id: 'one' };
