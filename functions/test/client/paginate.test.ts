import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AxiosInstance } from 'axios';
import { linkOf } from '../../src/client/link.ts';
import { type PageOptions, type PageRequest, paginate } from '../../src/client/paginate.ts';
import { refuses } from '../harness/errors.ts';
import { createWorld, type World } from '../harness/world.ts';

const everything = Array.from({ length: 23 }, (_, i) => i);
const size = 5;

describe('paginate', function () {
  this.timeout(60_000);
  let world: World;
  let api: Server;
  let client: AxiosInstance;
  /** What was asked, as path and query. */
  const asked: string[] = [];
  before(async () => {
    world = await createWorld();
    api = createServer((request, response) => {
      asked.push(`${request.url}`);
      const { headers = {}, body } = pageAt(new URL(`${request.url}`, 'http://api'));
      response.writeHead(200, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    const address: AddressInfo | string | null = api.address();
    assert.ok(typeof address === 'object' && address !== null);
    world.publish((settings) => {
      const { sandbox } = settings.providers;
      assert.ok(sandbox);
      sandbox.apiBaseUrl = `http://127.0.0.1:${address.port}/v1`;
      return settings;
    });
    const suite = world.newSuite();
    await world.connect('ada', { suite });
    client = await suite.connections.client('ada', 'sandbox', { timeoutMs: 20_000 });
  });
  after(async () => {
    api.closeAllConnections();
    api.close();
    await world.stop();
  });
  beforeEach(() => {
    asked.length = 0;
  });

  const all = async (request: PageRequest, options: PageOptions) => {
    const found: unknown[] = [];
    for await (const item of paginate(client, request, options)) found.push(item);
    return found;
  };

  const styles: readonly [
    title: string,
    pages: number,
    request: PageRequest,
    options: PageOptions,
  ][] = [
    ['an absolute Link', 5, { url: '/link?kind=absolute' }, { style: 'link' }],
    ['a relative Link', 5, { url: '/link', params: { kind: 'relative' } }, { style: 'link' }],
    [
      'a cursor',
      5,
      { url: '/cursor', params: { kept: 1 } },
      { style: 'cursor', items: 'list', cursor: 'meta.next', parameter: 'after' },
    ],
    [
      'a URL in the body',
      5,
      { url: '/url' },
      { style: 'cursor', items: ['list'], cursor: ['@odata.nextLink'] },
    ],
    ['an offset, until a page is empty', 6, { url: '/offset' }, { style: 'offset', items: 'list' }],
    [
      'an offset, until the total',
      5,
      { url: '/offset' },
      { style: 'offset', items: 'list', total: 'total', parameter: 'offset' },
    ],
    ['numbered pages, until one is empty', 6, { url: '/page' }, { style: 'page', items: 'list' }],
    [
      'numbered pages from 0, until the total',
      5,
      { url: '/page0' },
      { style: 'page', first: 0, parameter: 'p', items: 'list', total: 'total' },
    ],
  ];
  for (const [title, pages, request, options] of styles) {
    it(`gives every item once, by ${title}`, async () => {
      assert.deepEqual(await all(request, options), everything);
      assert.equal(asked.length, pages);
    });

    it(`asks for no page more than maxItems and maxPages need, by ${title}`, async () => {
      assert.deepEqual(await all(request, { ...options, maxItems: 7 }), everything.slice(0, 7));
      assert.deepEqual(await all(request, { ...options, maxItems: 5 }), everything.slice(0, 5));
      assert.equal(asked.length, 3);
      assert.deepEqual(await all(request, { ...options, maxPages: 2 }), everything.slice(0, 10));
      assert.equal(asked.length, 5);
    });
  }

  it('keeps the other parameters, and starts where the caller does', async () => {
    await all(
      { url: '/cursor', params: { kept: 1 } },
      { style: 'cursor', items: 'list', cursor: 'meta.next', parameter: 'after' },
    );
    assert.ok(asked.every((address) => address.includes('kept=1')));
    const from = { url: '/offset', params: { offset: 10 } };
    assert.deepEqual(await all(from, { style: 'offset', items: 'list' }), everything.slice(10));
  });

  it('asks for the next page when it is needed, and for none after a break', async () => {
    for await (const item of paginate<number>(client, { url: '/link' }, { style: 'link' })) {
      if (item === 4) break;
    }
    assert.equal(asked.length, 1);
  });

  it('never follows a link to another host', async () => {
    for (const kind of ['elsewhere', 'scheme-less', 'beside']) {
      await refuses('path_not_allowed', all({ url: `/link?kind=${kind}` }, { style: 'link' }));
    }
    assert.equal(asked.length, 3);
  });

  it('refuses a list that never ends, unless the caller says how much is enough', async () => {
    const endless: PageOptions = {
      style: 'cursor',
      items: 'list',
      cursor: 'next',
      parameter: 'after',
    };
    await refuses('answer_too_large', all({ url: '/endless' }, endless));
    assert.equal(asked.length, 1_000);
    assert.equal((await all({ url: '/endless' }, { ...endless, maxPages: 1_100 })).length, 1_100);
  });

  it('says where there is no list', async () => {
    const wrong: PageOptions = { style: 'offset', items: 'data.items' };
    await refuses('provider_answer_invalid', all({ url: '/offset' }, wrong));
  });
});

/** The page of an API that knows every style. */
function pageAt({ pathname, searchParams }: URL): {
  headers?: Record<string, string>;
  body: unknown;
} {
  const number = (name: string, otherwise = 0) => Number(searchParams.get(name) ?? otherwise);
  const from = (begin: number) => everything.slice(begin, begin + size);
  const total = everything.length;
  const isLast = (begin: number) => begin + size >= total;
  switch (pathname) {
    case '/v1/link': {
      const begin = number('begin');
      const kind = searchParams.get('kind') ?? 'relative';
      const next = `/v1/link?kind=${kind}&begin=${begin + size}`;
      const targets: Record<string, string> = {
        relative: next.slice('/v1/'.length),
        absolute: next,
        elsewhere: 'https://evil.example/v1/link',
        'scheme-less': '//evil.example/v1/link',
        beside: '/v2/link',
      };
      const link = `<first>; rel="first", <${targets[kind]}>; title="a, b"; rel="last next"`;
      return { ...(!isLast(begin) && { headers: { link } }), body: from(begin) };
    }
    case '/v1/cursor': {
      const begin = number('after');
      const meta = { next: isLast(begin) ? '' : `${begin + size}` };
      return { body: { list: from(begin), meta } };
    }
    case '/v1/url': {
      const begin = number('skip');
      const link = isLast(begin) ? {} : { '@odata.nextLink': `/v1/url?skip=${begin + size}` };
      return { body: { list: from(begin), ...link } };
    }
    case '/v1/offset':
      return { body: { list: from(number('offset')), total } };
    case '/v1/page':
      return { body: { list: from((number('page') - 1) * size), total } };
    case '/v1/page0':
      return { body: { list: from(number('p') * size), total } };
    case '/v1/endless':
      return { body: { list: [1], next: 'again' } };
    default:
      throw new Error(pathname);
  }
}

describe('the link of a relation (RFC 8288)', () => {
  const fields: readonly [field: string, next: string | undefined][] = [
    ['', undefined],
    ['<a>; rel=next', 'a'],
    ['<a>; rel="next"', 'a'],
    ['<a>; REL="Next"', 'a'],
    ['<a>; rel="prev", <b>; rel="next"', 'b'],
    ['<a>; rel="prev next"', 'a'],
    ['<a>; rel="nextish", <b>; rel="x-next"', undefined],
    ['<a>; rel="prev"; rel="next"', undefined],
    ['<a>; title="x, <y>; rel=next"; rel="prev"', undefined],
    ['<a>; title="say \\"hi\\", <b>"; rel="next"', 'a'],
    ['<https://api.example/?a=1,2;b=3>; rel="next"', 'https://api.example/?a=1,2;b=3'],
    ['<a>;rel=prev,<b>;rel=next;type="text/html"', 'b'],
    ['<a> ; rel = "next"', 'a'],
    ['<a>; crossorigin; rel="next"', 'a'],
    ['<a', undefined],
    ['<a>; rel="next', undefined],
  ];
  for (const [field, next] of fields)
    it(`of ${JSON.stringify(field)} is ${next}`, () => assert.equal(linkOf(field, 'next'), next));
});
