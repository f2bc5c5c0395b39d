import { createSettingsReader, type SettingsReader } from '../../src/providers/settings.ts';
import type { Provider } from '../../src/providers/settings-schema.ts';
import { manualClock } from '../clock.ts';

/** Settings with these providers, as real as any, which may be asked that often. */
export function settingsWithRates(
  rates: Readonly<Record<string, Partial<Provider['rotate']>>>,
): SettingsReader {
  const providers = Object.entries(rates).map(([id, rotate]) => [
    id,
    {
      kind: 'oidc',
      name: id,
      issuer: `https://${id}.example`,
      clientId: 'client',
      clientSecrets: ['secret'],
      apiBaseUrl: `https://api.${id}.example`,
      rotate,
    },
  ]);
  const app = { redirectUri: 'https://app.example/', returnTo: ['https://app.example/'] };
  const settings = { app, providers: Object.fromEntries(providers) };
  const payload = new TextEncoder().encode(JSON.stringify(settings));
  return createSettingsReader({
    secrets: {
      access: async () => ({ version: '1', payload }),
      newestEnabled: async () => '1',
    },
    secretId: 'strongroom-providers',
    clock: manualClock(),
    allowLoopbackHttp: false,
  });
}
