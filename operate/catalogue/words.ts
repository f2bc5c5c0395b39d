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
 * How long an access token lives.
 *
 * @param seconds undefined: it is not known beforehand.
 * @param isTold whether an answer or introspection tells it then.
 */
export function accessInWords(seconds: number | undefined, isTold: boolean): string {
  if (seconds !== undefined) return `an access token lives for ${durationOf(seconds)}`;
  return isTold
    ? 'the provider tells each time when an access token ends'
    : 'an access token has no known end';
}

/** What is known of how refresh tokens live. */
export function refreshInWords({ life }: Pick<Provider, 'life'>): string {
  const { graceSeconds: grace, refreshTokenIdleSeconds: idle, refreshTokenMaxUses: uses } = life;
  const { refreshTokenAbsoluteSeconds: absolute, reconsentOmitsRefreshToken: isOmitted } = life;
  const again = grace === undefined ? '' : ` (and works again for ${durationOf(grace)})`;
  const facts = [
    `${rotations[life.rotation]}${again}`,
    idle && `it dies after ${durationOf(idle)} without use`,
    absolute && `a grant ends ${durationOf(absolute)} after consent`,
    uses && `it can be used ${uses} times`,
    isOmitted && 'who consents again gets no new one',
  ];
  return facts.filter(Boolean).join('; ');
}
