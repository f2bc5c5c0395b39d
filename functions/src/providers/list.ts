import type { SettingsReader } from './settings.ts';

/** A provider as users may see it. */
export interface OfferedProvider {
  readonly id: string;
  readonly name: string;
  readonly logo?: string;
  /** How a connection comes to be. */
  readonly credentials: 'authorization_code';
  readonly scopes: readonly string[];
}

/** The providers that the settings enable. Cost: none in Firestore. */
export function createProviderList(settings: SettingsReader) {
  return async (): Promise<OfferedProvider[]> => {
    const { providers } = await settings.read();
    return Object.entries(providers).map(([id, { name, logo, scopes }]) => ({
      id,
      name,
      ...(logo !== undefined && { logo }),
      credentials: 'authorization_code',
      scopes,
    }));
  };
}
