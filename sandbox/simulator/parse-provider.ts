import { parseSettings } from '../../functions/src/providers/settings.ts';
import type { Provider } from '../../functions/src/providers/settings-schema.ts';

const id = 'simulated';

/**
 * Settings of a provider by their schema, defaults filled in.
 *
 * @throws StrongroomError `settings_invalid` naming the field.
 */
export function parseProvider(settings: Readonly<Record<string, unknown>>): Provider {
  const here = 'http://127.0.0.1/';
  const app = { redirectUri: here, returnTo: [here] };
  const document = JSON.stringify({ app, providers: { [id]: settings } });
  const provider = parseSettings(Buffer.from(document), true).providers[id];
  if (provider === undefined) throw new Error('The settings have no provider.');
  return { ...provider, id };
}
