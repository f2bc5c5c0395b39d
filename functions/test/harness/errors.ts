import assert from 'node:assert/strict';
import { type ErrorCode, type ErrorDetails, StrongroomError } from '../../src/errors.ts';

/** What a refused piece of work says. @throws AssertionError where it was not refused, or by an error not ours. */
export async function errorOf(work: Promise<unknown>): Promise<StrongroomError> {
  const error: unknown = await work.then(
    (value) => assert.fail(`not refused: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof StrongroomError) return error;
  throw error;
}

/** Asserts that a piece of work is refused with that code, and those details where they are given. */
export async function refuses(
  code: ErrorCode,
  work: Promise<unknown>,
  details?: ErrorDetails,
): Promise<void> {
  const error = await errorOf(work);
  assert.equal(error.code, code, error.message);
  if (details !== undefined) assert.deepEqual({ ...error.details }, details);
}
