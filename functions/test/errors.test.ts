import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { errorCodes, StrongroomError } from '../src/errors.ts';

describe('the error codes', () => {
  it('stand in docs/api.md, every one of them with its two statuses', () => {
    const documented = [...rowsOf('docs/api.md')].sort();
    const real = errorCodes
      .map((code) => new StrongroomError(code, ''))
      .map(({ code, functionsCode, httpStatus }) => `${code} ${functionsCode} ${httpStatus}`)
      .sort();
    assert.deepEqual(documented, real);
  });
});

/** The rows of the table of errors: code, callable status, HTTP status. */
function* rowsOf(page: string): Generator<string> {
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');
  for (const [, code, status, http] of text.matchAll(/^\| `(\w+)` \| `([\w-]+)` \| (\d+) \|/gm)) {
    yield `${code} ${status} ${http}`;
  }
}
