/** The fields of an answer, by their names in lower case. */
interface Fields {
  get(name: string): string | null | undefined;
}

/** Retry-After (RFC 9110 §10.2.3): seconds, or a date, which counts from the answer's own. */
export function retryAfterSecondsOf(headers: Fields): number | undefined {
  const value = headers.get('retry-after') ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const until = dateOf(value);
  const sentAt = dateOf(headers.get('date') ?? '') ?? Date.now();
  return until === undefined ? undefined : Math.max(0, Math.ceil((until - sentAt) / 1_000));
}

/** An HTTP date (RFC 9110 §5.6.7) begins with the day's name; `Date.parse` takes much else. */
function dateOf(value: string): number | undefined {
  const time = /^[a-z]{3,9}, /i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
