import { isRecord } from '../http/body.ts';

const durations = /^(?:\w+Seconds|expires_in|\w*expires?_?in)$/i;

/** Settings or a sample with every duration in it so many times as long, a second at least. */
export function scaled(value: unknown, scale: number): unknown {
  if (scale === 1) return value;
  if (Array.isArray(value)) return value.map((item) => scaled(item, scale));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      durations.test(name) ? duration(item, scale) : scaled(item, scale),
    ]),
  );
}

/** A number, or one as text; what is neither, or tells nothing, stays. */
function duration(value: unknown, scale: number): unknown {
  const seconds = typeof value === 'string' || typeof value === 'number' ? Number(value) : 0;
  if (!(seconds >= 1)) return value;
  const shorter = Math.max(1, Math.round(seconds * scale));
  return typeof value === 'string' ? String(shorter) : shorter;
}
