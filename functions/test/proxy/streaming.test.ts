import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { userAgent } from '../../src/egress/user-agent.ts';
import { answerOf, ask, begin, codeOf, next } from './client.ts';
import { accessToken, type Proxied, startProxied } from './proxied.ts';

describe('the proxy, behind a server that streams,', () => {
  let proxied: Proxied;
  let api: RequestListener;
  before(async () => {
    proxied = await startProxied((request, response) => api(request, response));
  });
  after(() => proxied.stop());
  // No call outlives its answer, or its client.
  afterEach(() => proxied.settled());

  const url = (path: string) => proxied.url + path;

  describe('sends on', () => {
    let seen: { method?: string | undefined; url?: string | undefined; body: Buffer } | undefined;
    let headers: IncomingMessage['headers'] = {};
    beforeEach(() => {
      api = async (request, response) => {
        headers = request.headers;
        seen = { method: request.method, url: request.url, body: await buffer(request) };
        response.end();
      };
    });

    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      it(`${method}, with path and query as they were written`, async () => {
        const path = '/a%20b/c,d?x=%2f&y=+%20&&z&x=2&c[]=%5B';
        assert.equal((await ask(url(path), { method })).status, 200);
        assert.equal(seen?.method, method);
        assert.equal(seen?.url, `/v1${path}`);
        assert.equal(headers.authorization, `Bearer ${accessToken}`);
      });
    }

    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'GET']) {
      it(`the body of a ${method}, byte for byte, with its length or without`, async () => {
        const body = randomBytes(100_000);
        for (const framing of [
          { 'content-length': String(body.length) },
          { 'transfer-encoding': 'chunked' },
        ]) {
          await ask(url('/upload'), { method, headers: framing, body });
          assert.ok(seen?.body.equals(body));
          const [[name, value] = ['', '']] = Object.entries(framing);
          assert.equal(headers[name], value);
        }
      });
    }

    it('a body of several parts, and one that is compressed', async () => {
      const form = new FormData();
      form.set('file', new Blob(['contents'], { type: 'text/plain' }), 'a.txt');
      form.set('field', 'ü');
      const parts = new Response(form);
      const body = new Uint8Array(await parts.arrayBuffer());
      const type = parts.headers.get('content-type') ?? '';
      await ask(url('/upload'), { method: 'POST', headers: { 'content-type': type }, body });
      assert.equal(headers['content-type'], type);
      assert.deepEqual(seen?.body, Buffer.from(body));

      const packed = gzipSync('packed');
      const coded = { 'content-encoding': 'gzip', 'content-type': 'text/plain' };
      await ask(url('/upload'), { method: 'POST', headers: coded, body: packed });
      assert.equal(headers['content-encoding'], 'gzip');
      assert.deepEqual(seen?.body, packed);
    });

    it('no body where there is none', async () => {
      await ask(url('/x'), { method: 'POST' });
      assert.equal(headers['content-length'], '0');
      await ask(url('/x'));
      assert.equal(headers['content-length'], undefined);
      assert.equal(headers['transfer-encoding'], undefined);
    });

    it('what is expected to be waited for: it says itself that it goes on', async () => {
      const begun = begin(url('/upload'), {
        method: 'POST',
        headers: { expect: '100-continue', 'content-length': '4' },
      });
      begun.flushHeaders();
      await once(begun, 'continue');
      begun.end('body');
      (await answerOf(begun)).resume();
      await once(begun, 'close');
      assert.equal(String(seen?.body), 'body');
      assert.equal(headers['expect'], undefined);
    });

    it('which codings the client takes, and none where it names none', async () => {
      await ask(url('/x'), { headers: { 'accept-encoding': 'br;q=1, gzip' } });
      assert.equal(headers['accept-encoding'], 'br;q=1, gzip');
      await ask(url('/x'));
      assert.equal(headers['accept-encoding'], 'identity');
    });

    it('who asks: the client as it names itself, else the proxy', async () => {
      await ask(url('/x'), { headers: { 'user-agent': 'octokit-core.js/7' } });
      assert.equal(headers['user-agent'], 'octokit-core.js/7');
      await ask(url('/x'));
      assert.equal(headers['user-agent'], userAgent);
    });

    it('a body while it is still being written, and the answer while it is being read', async () => {
      api = (request, response) => request.pipe(response);
      const begun = begin(url('/echo'), { method: 'POST' });
      begun.write('one');
      const answer = await answerOf(begun);
      assert.equal(await next(answer), 'one');
      begun.write('two');
      assert.equal(await next(answer), 'two');
      begun.end('three');
      assert.equal(String(await buffer(answer)), 'three');
    });
  });

  describe('hands back', () => {
    it('events as they come, and that there will be some before the first', async () => {
      let events: ServerResponse | undefined;
      api = (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
        events = response;
      };
      const begun = begin(url('/events'));
      begun.end();
      const answer = await answerOf(begun);
      assert.equal(answer.headers['content-type'], 'text/event-stream');
      for (const event of ['data: 1\n\n', ': still here\n\n', 'data: 2\n\n']) {
        events?.write(event);
        assert.equal(await next(answer), event);
      }
      events?.end('data: 3\n\n');
      assert.equal(String(await buffer(answer)), 'data: 3\n\n');
    });

    it('a compressed answer as it is compressed', async () => {
      const packed = gzipSync('hello'.repeat(1_000));
      api = (_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length });
        response.end(packed);
      };
      const answer = await ask(url('/x'), { headers: { 'accept-encoding': 'gzip' } });
      assert.deepEqual(answer.body, packed);
      assert.equal(answer.headers['content-encoding'], 'gzip');
      assert.equal(answer.headers['content-length'], String(packed.length));
    });

    it('parts: 206 and 416 with their ranges', async () => {
      api = ({ headers }, response) => {
        const isThere = headers.range === 'bytes=1-2' && headers['if-range'] === '"tag"';
        if (isThere) response.writeHead(206, { 'content-range': 'bytes 1-2/5', etag: '"tag"' });
        else response.writeHead(416, { 'content-range': 'bytes */5' });
        response.end(isThere ? 'el' : undefined);
      };
      const headers = { range: 'bytes=1-2', 'if-range': '"tag"' };
      const part = await ask(url('/x'), { headers });
      assert.deepEqual([part.status, part.text], [206, 'el']);
      assert.equal(part.headers['content-range'], 'bytes 1-2/5');
      const none = await ask(url('/x'), { headers: { range: 'bytes=9-' } });
      assert.deepEqual([none.status, none.headers['content-range']], [416, 'bytes */5']);
    });

    it('304, with its tag and without a body', async () => {
      api = ({ headers }, response) => {
        response.writeHead(headers['if-none-match'] === '"tag"' ? 304 : 200, { etag: '"tag"' });
        response.end();
      };
      const answer = await ask(url('/x'), { headers: { 'if-none-match': '"tag"' } });
      assert.deepEqual([answer.status, answer.text, answer.headers.etag], [304, '', '"tag"']);
    });

    it('to HEAD the headers that a GET would get, its length among them', async () => {
      api = ({ method }, response) => {
        response.writeHead(200, { 'content-length': '1000000000', 'content-type': 'video/mp4' });
        assert.equal(method, 'HEAD');
        response.end();
      };
      const { status, headers, text } = await ask(url('/x'), { method: 'HEAD' });
      assert.deepEqual([status, text, headers['content-length']], [200, '', '1000000000']);
    });

    it('what comes behind the body', async () => {
      api = (_, response) => {
        response.writeHead(200, { trailer: 'x-checksum' });
        response.write('body');
        response.addTrailers({ 'x-checksum': '7', 'set-cookie': 'a=b', 'x-echo': accessToken });
        response.end();
      };
      const { text, trailers } = await ask(url('/x'));
      assert.equal(text, 'body');
      assert.deepEqual(trailers, { 'x-checksum': '7', 'x-echo': '*'.repeat(accessToken.length) });
    });

    it('the answer, not what announces it', async () => {
      api = (_, response) => {
        response.writeProcessing();
        response.writeEarlyHints({ link: '</a.css>; rel=preload' });
        response.writeHead(201).end('made');
      };
      const begun = begin(url('/x'), { method: 'POST' });
      begun.on('information', () => assert.fail('it was handed on'));
      begun.end();
      const answer = await answerOf(begun);
      assert.deepEqual([answer.statusCode, String(await buffer(answer))], [201, 'made']);
    });

    it('links and redirects that lead back to it: whoever follows them stays within', async () => {
      const paths: (string | undefined)[] = [];
      api = (request, response) => {
        paths.push(request.url);
        const page = Number(/page=(\d)/.exec(request.url ?? '')?.[1] ?? 0);
        const { url: base } = proxied.upstream;
        if (request.url === '/v1/old') response.writeHead(302, { location: `${base}/v1/list` });
        else if (page < 2) response.setHeader('link', `</v1/list?page=${page + 1}>; rel="next"`);
        response.end(String(page));
      };
      let at: string | undefined = url('/old');
      while (at !== undefined) {
        const { headers }: Awaited<ReturnType<typeof ask>> = await ask(at);
        at = headers.location ?? /^<(.*)>; rel="next"$/.exec(String(headers['link']))?.[1];
        assert.ok(at === undefined || at.startsWith(`${proxied.url}/`));
      }
      const pages = ['/v1/list', '/v1/list?page=1', '/v1/list?page=2'];
      assert.deepEqual(paths, ['/v1/old', ...pages]);
    });
  });

  describe('where one end goes', () => {
    const gone = (request: IncomingMessage) => once(request.socket, 'close');

    it('before the answer: the request to the API ends at once', async () => {
      const came = new Promise<IncomingMessage>((resolve) => {
        api = resolve;
      });
      const begun = begin(url('/slow'));
      begun.end();
      const request = await came;
      const closed = gone(request);
      begun.destroy();
      await closed;
      await proxied.settled();
    });

    it('in the middle of the answer: the API stops', async () => {
      let closed: Promise<unknown> = Promise.resolve();
      api = (request, response) => {
        closed = gone(request);
        response.write('one');
      };
      const begun = begin(url('/stream'));
      begun.end();
      await next(await answerOf(begun));
      begun.destroy();
      await closed;
      await proxied.settled();
    });

    it('in the middle of its body: the API sees one that broke off, not one that ended', async () => {
      const broken = new Promise<boolean>((resolve) => {
        api = (request) => {
          request.on('data', () => begun.destroy());
          request.on('error', () => {});
          request.on('close', () => resolve(request.complete));
        };
      });
      const begun = begin(url('/upload'), { method: 'POST' });
      begun.write('half');
      assert.equal(await broken, false);
      await proxied.settled();
    });

    for (const framing of [{ 'content-length': '10' }, { 'transfer-encoding': 'chunked' }]) {
      it(`the API in the middle of its answer (${Object.keys(framing)}): ours breaks off`, async () => {
        api = (request, response) => {
          response.writeHead(200, framing).write('half');
          request.socket.end();
        };
        const begun = begin(url('/x'));
        begun.end();
        const answer = await answerOf(begun);
        await assert.rejects(buffer(answer), { code: 'ECONNRESET' });
        assert.equal(answer.complete, false);
      });
    }

    it('the API before its answer: that is unavailable', async () => {
      api = (request) => request.socket.destroy();
      const answer = await ask(url('/x'), { method: 'POST' });
      assert.deepEqual([answer.status, codeOf(answer)], [503, 'unavailable']);
    });

    it('the API, which has answered already, before it has all of a body', async () => {
      api = (_, response) => {
        response.writeHead(413, { connection: 'close' }).end('too much');
      };
      const begun = begin(url('/upload'), { method: 'POST' });
      begun.write('x'.repeat(100_000));
      const answer = await answerOf(begun);
      assert.deepEqual([answer.statusCode, String(await buffer(answer))], [413, 'too much']);
      begun.destroy();
      await proxied.settled();
    });
  });
});
