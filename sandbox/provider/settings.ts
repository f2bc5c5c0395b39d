/**
 * What happens to a refresh token when it is used:
 * - `strict`: replaced; used again, the whole grant is revoked (RFC 9700, section 4.14.2);
 * - `grace`: replaced, but the old one still works for `graceSeconds`;
 * - `none`: never replaced.
 */
export type Rotation = 'strict' | 'grace' | 'none';

/** What may be changed while the provider runs; it holds from the next request on. */
export interface Settings {
  accessTokenSeconds: number;
  refreshTokenSeconds: number;
  rotation: Rotation;
  graceSeconds: number;
  /** Whether proofs must hold a nonce, at the token endpoint and at the API (RFC 9449 §8, §9). */
  dpopNonces: boolean;
}

export const defaultSettings: Readonly<Settings> = {
  accessTokenSeconds: 300,
  refreshTokenSeconds: 14 * 24 * 60 * 60,
  rotation: 'strict',
  graceSeconds: 30,
  dpopNonces: false,
};

const checks: { readonly [K in keyof Settings]: (value: unknown) => value is Settings[K] } = {
  accessTokenSeconds: isSeconds,
  refreshTokenSeconds: isSeconds,
  graceSeconds: isSeconds,
  dpopNonces: (value): value is boolean => typeof value === 'boolean',
  rotation: (value): value is Rotation =>
    value === 'strict' || value === 'grace' || value === 'none',
};

/**
 * Changes the settings named in `patch`, all or none.
 *
 * @throws TypeError naming the first setting that is unknown or out of range.
 */
export function applySettings(settings: Settings, patch: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(patch)) {
    const check = Object.entries(checks).find(([known]) => known === name)?.[1];
    if (!check?.(value)) throw new TypeError(`There is no setting ${name} with this value.`);
  }
  Object.assign(settings, patch);
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
