import assert from 'node:assert/strict';
import { createUpstream, partsOf, type Upstream } from '../../upstreams/upstream.ts';

describe('an upstream of the sandbox', () => {
  let upstream: Upstream;
  before(async () => {
    upstream = await createUpstream(
      {
        error: (status) => ({ status, body: { wrong: status } }),
        routes: {
          'GET /things/{id}': ({ params }) => ({ body: params }),
          'GET /files/{+path}': ({ params }) => ({ body: String(params['path']) }),
          'POST /things': ({ baseUrl }) => ({ status: 201, headers: { location: baseUrl } }),
        },
      },
      { accepts: async (token) => token === 'good' },
    );
  });
  beforeEach(() => upstream.reset());
  after(() => upstream.stop());

  const ask = async (path: string, init: RequestInit = {}, authorization = 'Bearer good') => {
    const answer = await fetch(upstream.url + path, { ...init, headers: { authorization } });
    return { status: answer.status, headers: answer.headers, body: await answer.text() };
  };

  it('finds the route, with what its path names', async () => {
    assert.equal((await ask('/things/a%2Fb')).body, '{"id":"a/b"}');
    assert.equal((await ask('/files/a/b%20c?x=1')).body, 'a/b c');
    const { status, headers } = await ask('/things', { method: 'POST', body: 'x' });
    assert.deepEqual([status, headers.get('location')], [201, upstream.url]);
  });

  for (const path of ['/things', '/things/1/2', '/things/', '/'])
    it(`knows no GET ${path}`, async () => {
      assert.deepEqual((await ask(path)).status, 404);
    });

  for (const authorization of ['', 'Bearer bad', 'Basic good', 'good', 'Bearer good good'])
    it(`refuses "${authorization}"`, async () => {
      const { status, body } = await ask('/things/1', {}, authorization);
      assert.deepEqual([status, body], [401, '{"wrong":401}']);
    });

  it('lets things go wrong as often as it is told, in the words of its API', async () => {
    upstream.addFault({ status: 429, headers: { 'retry-after': '3' } });
    upstream.addFault({ status: 500, times: 2 });
    const answers = [];
    for (let i = 0; i < 4; i += 1) answers.push(await ask('/things/1'));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [429, 500, 500, 200],
    );
    assert.equal(answers[0]?.headers.get('retry-after'), '3');
    assert.equal(answers[1]?.body, '{"wrong":500}');
  });

  it('tells what it was sent, good or bad, until it is reset', async () => {
    await ask('/nowhere?a=1&a=2', { method: 'POST', body: 'text' }, 'Bearer bad');
    const [request, ...others] = upstream.requests();
    assert.ok(request && others.length === 0);
    assert.deepEqual(
      [request.method, request.path, request.query.getAll('a'), request.body.toString()],
      ['POST', '/nowhere', ['1', '2'], 'text'],
    );
    upstream.reset();
    assert.equal(upstream.requests().length, 0);
  });

  it('reads the parts of a multipart body, bytes as they are', async () => {
    const form = new FormData();
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    form.set('file', new Blob([bytes], { type: 'image/png' }), 'a.png');
    form.set('name', 'ü');
    await ask('/things', { method: 'POST', body: form });
    const [request] = upstream.requests();
    const [file, name] = partsOf(request ?? assert.fail());
    assert.deepEqual(file?.body, bytes);
    assert.equal(file?.headers['content-type'], 'image/png');
    assert.equal(name?.body.toString(), 'ü');
  });
});
