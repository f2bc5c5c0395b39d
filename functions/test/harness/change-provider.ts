import type { Settings } from '../../src/providers/settings-schema.ts';

/** The settings with these fields of one provider changed, to be published. */
export function changeProvider(id: string, change: object) {
  return (settings: Settings): Settings => {
    const provider = settings.providers[id];
    if (provider === undefined) throw new Error(`There is no provider ${id}.`);
    return { ...settings, providers: { ...settings.providers, [id]: { ...provider, ...change } } };
  };
}
