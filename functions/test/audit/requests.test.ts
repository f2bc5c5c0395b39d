import assert from 'node:assert/strict';
import { queryOf } from '../../src/triggers/query.ts';
import { auditQuery, auditRequest, parseRequest } from '../../src/triggers/requests.ts';

describe('what audit-list and its REST twin take', () => {
  const rest = (query: string) => parseRequest(auditQuery, queryOf(`/v1/audit${query}`));

  it('is the same', () => {
    assert.deepEqual(rest('?limit=20&after=5.abc'), { limit: 20, after: '5.abc' });
    assert.deepEqual(parseRequest(auditRequest, { limit: 20, after: '5.abc' }), {
      limit: 20,
      after: '5.abc',
    });
    assert.deepEqual(rest(''), {});
  });

  for (const query of [
    '?limit=0',
    '?limit=201',
    '?limit=1e2',
    '?limit=',
    '?limit=1&limit=2',
    `?after=${'x'.repeat(201)}`,
    '?uid=grace',
    '?__proto__=1',
  ]) {
    it(`is not ${query.slice(0, 20)}`, () => {
      assert.throws(() => rest(query), { code: 'invalid_argument' });
    });
  }

  it('is no limit beyond 200', () => {
    for (const limit of [0, 201, 1.5, '20'])
      assert.throws(() => parseRequest(auditRequest, { limit }), { code: 'invalid_argument' });
  });
});
