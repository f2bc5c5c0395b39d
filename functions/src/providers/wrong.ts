import type { BaseIssue } from 'valibot';

/** A mistake in what somebody wrote: where, and in words that hold no value. */
export interface Wrong {
  readonly field: string;
  readonly why: string;
}

/** What is wrong by a schema, in words that never hold the value. */
export function whyOf({ expected, received, message, type }: BaseIssue<unknown>): string {
  if (expected === 'never') return 'there is no such field';
  if (received === 'undefined') return 'is missing';
  if (message.startsWith('must ')) return message;
  return expected === null ? `must be a valid ${type}` : `must be ${expected}`;
}
