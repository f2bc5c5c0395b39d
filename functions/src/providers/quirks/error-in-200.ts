import type { Quirk } from './quirk.ts';

/**
 * RFC 6749 §5.2 asks for a 400 and a word. Such an answer is read whether the data names this or not,
 * since an answer with an error and without a token is nothing else: to name it is documentation.
 */
export const errorIn200: Quirk = {
  summary: 'The token endpoint tells errors with status 200, perhaps by numbers.',
};

/** The status by which an answer that tells an error in a token's place is to be understood. */
export function statusTelling(status: number): number {
  return status < 400 ? 400 : status;
}

const noError = new Set(['', '0', 'ok', 'success']);

/** The code that an `error` tells, a number as its digits. What says that all is well is none. */
export function errorCodeIn(value: unknown): string | undefined {
  const code = typeof value === 'number' && Number.isFinite(value) ? String(value) : value;
  return typeof code === 'string' && !noError.has(code.toLowerCase()) ? code : undefined;
}
