import assert from 'node:assert/strict';
import { receivedOf } from '../../src/triggers/received.ts';

const form = 'application/x-www-form-urlencoded';
const post = (body: string | undefined, type?: string) => ({
  method: 'POST',
  url: '/oauth/callback?state=of-the-address&code=of-the-address',
  headers: { 'content-type': type },
  rawBody: body === undefined ? undefined : Buffer.from(body),
});

describe('what a provider has the browser bring', () => {
  it('is in the query', () => {
    const url = '/oauth/callback/one?state=s&code=a%2Bb';
    const received = receivedOf({ method: 'GET', url, headers: {} });
    assert.deepEqual([...received], Object.entries({ state: 's', code: 'a+b' }));
  });

  for (const type of [form, `${form};charset=UTF-8`, form.toUpperCase()]) {
    it(`is a form of ${type}, and nothing of the address then`, () => {
      const received = receivedOf(post('state=s&code=a%2Bb&code=%C3%BC', type));
      assert.deepEqual(
        [...received],
        [
          ['state', 's'],
          ['code', 'a+b'],
          ['code', 'ü'],
        ],
      );
    });
  }

  it('is nothing where the form is empty', () => {
    assert.deepEqual([...receivedOf(post(undefined, form))], []);
  });

  for (const type of [undefined, 'application/json', 'text/plain', `${form}x`, `x/y; ${form}`]) {
    it(`is no body of ${type}`, () => {
      assert.throws(() => receivedOf(post('state=s', type)), { code: 'invalid_argument' });
    });
  }

  it('is no larger than any answer', () => {
    assert.throws(() => receivedOf(post(`state=${'s'.repeat(64_000)}`, form)), {
      code: 'body_too_large',
    });
  });

  for (const method of ['PUT', 'DELETE', 'HEAD', 'PATCH']) {
    it(`does not come by ${method}`, () => {
      assert.throws(() => receivedOf({ ...post('state=s', form), method }), {
        code: 'method_not_allowed',
      });
    });
  }
});
