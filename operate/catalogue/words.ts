import type { Provider } from '../../functions/src/providers/settings-schema.ts';

const units: readonly (readonly [name: string, seconds: number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** `90 days`, `12 hours`: in the largest unit that it has whole, from two days on in days. */
export function durationOf(seconds: number): string {
  const isLong = seconds >= 2 * 86_400;
  const [name, size] = units.find(([, unit]) => isLong || seconds % unit === 0) ?? ['second', 1];
  const count = Math.round(seconds / size);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

const rotations: Readonly<Record<Provider['life']['rotation'], string>> = {
  none: 'a refresh token stays in use',
  rotates: 'a refresh token works once',
  'rotates-with-grace': 'a refresh token is replaced by its use',
};

/**
 * What is known of how tokens live, in words.
 *
 * @param accessTokenSeconds undefined: no end is known.
 */
export function lifeInWords(
  { life }: Pick<Provider, 'life'>,
  accessTokenSeconds: number | undefined,
  hasRefreshToken: boolean,
): string {
  const access =
    accessTokenSeconds === undefined
      ? 'an access token has no known end'
      : `an access token lives for ${durationOf(accessTokenSeconds)}`;
  if (!hasRefreshToken) return `${access}; there is no refresh token`;
  const { graceSeconds, refreshTokenIdleSeconds: idle, refreshTokenMaxUses: uses } = life;
  const { refreshTokenAbsoluteSeconds: absolute, reconsentOmitsRefreshToken: isOmitted } = life;
  const facts = [
    access,
    rotations[life.rotation] +
      (graceSeconds ? ` (works again for ${durationOf(graceSeconds)})` : ''),
    idle && `it dies after ${durationOf(idle)} without use`,
    absolute && `a grant ends ${durationOf(absolute)} after consent`,
    uses && `it can be used ${uses} times`,
    isOmitted && 'who consents again gets no new one',
  ];
  return facts.filter(Boolean).join('; ');
}
