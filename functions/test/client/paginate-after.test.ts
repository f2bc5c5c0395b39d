import assert from 'node:assert/strict';
import axios, { type InternalAxiosRequestConfig } from 'axios';
import { type PageOptions, type PageRequest, paginate } from '../../src/client/paginate.ts';
import { refuses } from '../harness/errors.ts';

const everything = Array.from({ length: 12 }, (_, i) => ({ id: `i${i}`, meta: { key: i } }));
const size = 5;

describe('paginate from after the last item on', () => {
  let asked: Readonly<Record<string, unknown>>[] = [];
  /** What the API answers to these parameters. */
  let answer: (params: Readonly<Record<string, unknown>>) => unknown;
  const client = axios.create({
    adapter: async (config: InternalAxiosRequestConfig) => {
      asked.push({ ...config.params });
      const data = answer({ ...config.params });
      return { data, status: 200, statusText: 'OK', headers: {}, config };
    },
  });
  /** A page as an API gives it that knows its items by what `idOf` gives. */
  const pageAfter = (last: unknown, idOf: (item: (typeof everything)[number]) => unknown) => {
    const from = last === undefined ? 0 : everything.findIndex((item) => idOf(item) === last) + 1;
    const data = everything.slice(from, from + size);
    return { data, has_more: from + size < everything.length };
  };
  beforeEach(() => {
    asked = [];
    answer = ({ starting_after: last }) => pageAfter(last, ({ id }) => id);
  });

  const options: PageOptions = { style: 'after', parameter: 'starting_after', items: 'data' };
  const all = async (request: PageRequest, given: PageOptions) => {
    const found: unknown[] = [];
    for await (const item of paginate(client, request, given)) found.push(item);
    return found;
  };

  it('gives every item once, until a page is empty', async () => {
    assert.deepEqual(await all({ params: { limit: size } }, options), everything);
    assert.deepEqual(asked, [
      { limit: size },
      { limit: size, starting_after: 'i4' },
      { limit: size, starting_after: 'i9' },
      { limit: size, starting_after: 'i11' },
    ]);
  });

  it('asks for no page more where the API says that there is none', async () => {
    assert.deepEqual(await all({}, { ...options, more: 'has_more' }), everything);
    assert.equal(asked.length, 3);
  });

  for (const more of [undefined, null, 'true', 1, 'false']) {
    it(`ends where the API says ${JSON.stringify(more)}, and not that there is more`, async () => {
      answer = () => ({ data: everything.slice(0, size), has_more: more });
      assert.equal((await all({}, { ...options, more: 'has_more' })).length, size);
      assert.equal(asked.length, 1);
    });
  }

  it('goes by a number, and by a member inside of the item', async () => {
    answer = ({ since }) => pageAfter(since, ({ meta }) => meta.key);
    const given: PageOptions = { ...options, parameter: 'since', id: 'meta.key' };
    assert.deepEqual(await all({}, given), everything);
    assert.deepEqual(asked[1], { since: 4 });
  });

  it('starts where the caller does', async () => {
    assert.deepEqual(await all({ params: { starting_after: 'i8' } }, options), everything.slice(9));
  });

  it('asks for no page more than maxItems and maxPages need', async () => {
    assert.deepEqual(await all({}, { ...options, maxItems: 7 }), everything.slice(0, 7));
    assert.deepEqual(await all({}, { ...options, maxPages: 1 }), everything.slice(0, size));
    assert.equal(asked.length, 3);
  });

  for (const id of [undefined, null, '', {}, true]) {
    it(`says so where the last item has ${JSON.stringify(id)} for its id`, async () => {
      answer = () => ({ data: [{ id: 'i0' }, { id }] });
      await refuses('provider_answer_invalid', all({}, options));
      assert.equal(asked.length, 1);
    });
  }
});
