import assert from 'node:assert/strict';
import { beside, fieldsOf, fieldsOfRefusal } from '../../src/limits/fields.ts';
import { type Refusal, refusalOf } from '../../src/limits/refusal.ts';
import { parseList } from './structured-fields.ts';

/** What a List says, as plain data. */
const said = (field: string | undefined) =>
  parseList(field ?? assert.fail('no field')).map(({ value, parameters }) => [
    value,
    Object.fromEntries(parameters),
  ]);

describe('the RateLimit fields', () => {
  it('are Lists of the draft: policy and state of a limit, by its name', () => {
    const fields = fieldsOf([
      { policy: 'per-user', quota: 60, windowSeconds: 60, left: 12, renewedAfterSeconds: 30 },
      { policy: 'per-user-concurrent', quota: 5, left: 0 },
    ]);
    assert.equal(
      fields['ratelimit-policy'],
      '"per-user";q=60;w=60, "per-user-concurrent";q=5;qu="concurrent-requests"',
    );
    assert.deepEqual(said(fields['ratelimit-policy']), [
      ['per-user', { q: 60, w: 60 }],
      ['per-user-concurrent', { q: 5, qu: 'concurrent-requests' }],
    ]);
    assert.deepEqual(said(fields['ratelimit']), [
      ['per-user', { r: 12, t: 30 }],
      ['per-user-concurrent', { r: 0 }],
    ]);
  });

  it('are not there where there is no limit: an empty List is no field (RFC 9651 §3.1)', () => {
    assert.deepEqual(fieldsOf([]), {});
  });

  const refusals: readonly Refusal[] = [
    { policy: 'per-user', quota: 60, windowSeconds: 60, afterMs: 12_345 },
    { policy: 'all-users', quota: 600, windowSeconds: 60, afterMs: 1 },
    { policy: 'per-user-concurrent', quota: 5, afterMs: 1_000 },
  ];
  for (const refusal of refusals)
    it(`of a refusal by ${refusal.policy} promise nothing before Retry-After`, () => {
      const { details, httpStatus } = refusalOf(refusal);
      const fields = fieldsOfRefusal(details);
      const [[policy, state] = assert.fail()] = said(fields['ratelimit']);
      assert.deepEqual([httpStatus, policy], [429, refusal.policy]);
      assert.deepEqual(state, { r: 0, t: Math.ceil(refusal.afterMs / 1_000) });
      assert.equal(details.retryAfterSeconds, Math.ceil(refusal.afterMs / 1_000));
      assert.equal(said(fields['ratelimit-policy'])[0]?.[0], refusal.policy);
    });

  it('say nothing of a limit that is the provider’s own, or of other errors', () => {
    assert.deepEqual(fieldsOfRefusal(refusalOf({ policy: 'provider', afterMs: 1 }).details), {});
    assert.deepEqual(fieldsOfRefusal({ retryAfterSeconds: 3 }), {});
  });

  it('stand beside those of the API in one List, and give way where its are of an older form', () => {
    const ours = { ratelimit: '"per-user";r=1;t=2' };
    assert.deepEqual(said(String(beside({ ratelimit: '"core";r=50;t=30' }, ours)['ratelimit'])), [
      ['core', { r: 50, t: 30 }],
      ['per-user', { r: 1, t: 2 }],
    ]);
    const older = { ratelimit: 'limit=100, remaining=50, reset=5' };
    assert.deepEqual(beside(older, ours), older);
    assert.deepEqual(beside({ etag: 'x' }, ours), { etag: 'x', ...ours });
  });
});

describe('the parser of these tests', () => {
  for (const wrong of ['"a', 'a;q=1', '"a";q', '"a";Q=1', '"a";q=1.5', '"a",', '"a" "b"', '"\\x"'])
    it(`refuses ${wrong}`, () => assert.throws(() => parseList(wrong), SyntaxError));
  it('takes what the draft has for examples', () => {
    const examples = [
      '"burst";q=100;w=60,"daily";q=1000;w=86400',
      '"permin";q=50;w=60,"perhr";q=1000;w=3600',
      '"default";r=50;t=30',
    ];
    for (const example of examples) assert.ok(parseList(example).length > 0);
  });
});
