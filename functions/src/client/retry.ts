import type { AxiosResponse } from 'axios';
import { idempotent } from '../egress/egress.ts';
import { retryAfterSecondsOf } from '../egress/retry-after.ts';

/** How often a request is sent again, beside the replay after a 401. */
export const mostRetries = 3;

const firstBackOffMs = 250;
const longestBackOffMs = 8_000;
/** So that those who were told the same moment do not all come at once. */
const spreadMs = 250;

/** Statuses that pass by themselves; whether the rate-limit headers say when. */
const passing = new Map([
  [429, { tellsLimits: true }],
  [502, { tellsLimits: false }],
  [503, { tellsLimits: true }],
  [504, { tellsLimits: false }],
]);

interface Fields {
  get(name: string): string | undefined;
}

/**
 * Whether doing it twice does no harm: by its method (RFC 9110 §9.2.2), or because it carries a key
 * by which the provider knows it again.
 */
export function isRepeatable(method: string, headers: Readonly<Record<string, unknown>>): boolean {
  if (idempotent.has(method)) return true;
  return Object.keys(headers).some((name) => name.toLowerCase() === 'idempotency-key');
}

/**
 * How long to wait before the next attempt, in milliseconds; undefined: the answer is final.
 *
 * @param retries how many there were already.
 * @param random uniform in [0, 1).
 */
export function waitMsAfter(
  { status, headers }: Pick<AxiosResponse, 'status' | 'headers'>,
  retries: number,
  random: () => number,
): number | undefined {
  const rule = passing.get(status);
  if (rule === undefined) return undefined;
  const fields = { get: (name: string) => textOf(headers[name]) };
  const seconds =
    retryAfterSecondsOf(fields) ?? (rule.tellsLimits ? resetSecondsOf(fields) : undefined);
  return seconds === undefined ? backOffMs(retries, random) : seconds * 1_000 + random() * spreadMs;
}

/** Twice as long each time, half of it by chance. */
export function backOffMs(retries: number, random: () => number): number {
  const longestMs = Math.min(longestBackOffMs, firstBackOffMs * 2 ** retries);
  return (longestMs * (1 + random())) / 2;
}

/** Greater numbers are moments, in seconds since the epoch; smaller ones are seconds from now. */
const firstMoment = 1_000_000_000;

/**
 * When an exhausted allowance is renewed, in seconds: `RateLimit` (draft-ietf-httpapi-ratelimit-headers)
 * and the headers that went before it.
 */
function resetSecondsOf(fields: Fields): number | undefined {
  const [, remaining, reset] = /;\s*r=(\d+).*;\s*t=(\d+)/.exec(fields.get('ratelimit') ?? '') ?? [];
  if (remaining === '0' && reset !== undefined) return Number(reset);
  for (const prefix of ['ratelimit', 'x-ratelimit', 'x-rate-limit']) {
    const told = fields.get(`${prefix}-reset`) ?? '';
    if (fields.get(`${prefix}-remaining`) !== '0' || !/^\d{1,10}$/.test(told)) continue;
    const sentAt = Date.parse(fields.get('date') ?? '') || Date.now();
    const seconds = Number(told);
    return seconds < firstMoment ? seconds : Math.max(0, seconds - Math.floor(sentAt / 1_000));
  }
  return undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
