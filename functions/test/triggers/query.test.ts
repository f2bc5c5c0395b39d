import assert from 'node:assert/strict';
import { queryOf } from '../../src/triggers/query.ts';

describe('the query of a URL', () => {
  const queries: readonly [url: string, entries: [string, string[]][]][] = [
    ['/a', []],
    ['/a?', []],
    [
      '/a?b=1&c=2&b=3',
      [
        ['b', ['1', '3']],
        ['c', ['2']],
      ],
    ],
    [
      '/a?b=1?2&c',
      [
        ['b', ['1?2']],
        ['c', ['']],
      ],
    ],
    ['/a?%C3%A9=a+b%26', [['é', ['a b&']]]],
    [
      '/a?constructor=1&__proto__=2&toString=3&__proto__=4',
      [
        ['constructor', ['1']],
        ['__proto__', ['2', '4']],
        ['toString', ['3']],
      ],
    ],
  ];
  for (const [url, entries] of queries) {
    it(`of ${url} has each name with all of its values`, () => {
      assert.deepEqual(Object.entries(queryOf(url)), entries);
    });
  }
});
