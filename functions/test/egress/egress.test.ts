import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import { type LocalServer, listen } from '../../../sandbox/http/local-server.ts';
import {
  createEgress,
  type Egress,
  EgressError,
  type IncomingAnswer,
  type OutgoingRequest,
} from '../../src/egress/egress.ts';
import { fetchThrough } from '../../src/egress/fetch.ts';
import { listenTcp } from '../harness/tcp.ts';

const maxBytes = 1_000;

describe('the egress', () => {
  let server: LocalServer | undefined;
  const egress = createEgress({ allowLoopback: true });

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  const serve = async (listener: RequestListener): Promise<string> => {
    server = await listen(createServer(listener), 0);
    return server.url;
  };
  const send = (
    url: string,
    change: Partial<OutgoingRequest> = {},
    door: Egress = egress,
  ): Promise<IncomingAnswer> =>
    door({ url: new URL(url), method: 'GET', headers: {}, timeoutMs: 5_000, maxBytes, ...change });
  const fails = (
    work: Promise<unknown>,
    kind: EgressError['kind'],
    processed: EgressError['processed'],
  ) => assert.rejects(work, { name: 'EgressError', kind, processed });

  it('says who asks, by the version that is deployed, unless the request says so itself', async () => {
    const seen: unknown[] = [];
    const url = await serve(({ headers }, response) => {
      seen.push(headers['user-agent']);
      response.end();
    });
    const fetch = fetchThrough(egress, { timeoutMs: 5_000, maxBytes });
    await send(url);
    await fetch(url, { method: 'GET', headers: { 'user-agent': 'of a library' } });
    await send(url, { headers: { 'User-Agent': 'octokit' } });
    const manifest = new URL('../../package.json', import.meta.url);
    const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
    assert.deepEqual(seen, [`strongroom/${version}`, `strongroom/${version}`, 'octokit']);
  });

  it('sends method, headers and body as given and gives the answer as it is', async () => {
    let seen: unknown;
    const url = await serve(async (request, response) => {
      const body: Buffer[] = [];
      for await (const chunk of request) body.push(chunk);
      const { method, url: path, headers } = request;
      const { accept, 'content-type': type, 'x-one': one } = headers;
      seen = { method, path, accept, type, one, body: Buffer.concat(body).toString() };
      response.writeHead(418, { 'X-Answer': 'yes', 'set-cookie': ['a=1', 'b=2'] }).end('{"a":1}');
    });
    const answer = await send(`${url}/a%20b?c=d%2Fe`, {
      method: 'PATCH',
      headers: { 'x-one': '1', 'content-type': 'application/x-none', accept: 'text/plain' },
      body: '{"unchanged": true}',
    });
    assert.deepEqual(seen, {
      method: 'PATCH',
      path: '/a%20b?c=d%2Fe',
      accept: 'text/plain',
      type: 'application/x-none',
      one: '1',
      body: '{"unchanged": true}',
    });
    assert.equal(answer.status, 418);
    assert.equal(answer.headers['x-answer'], 'yes');
    assert.equal(answer.headers['set-cookie'], 'a=1, b=2');
    assert.equal(Buffer.from(answer.body).toString(), '{"a":1}');
  });

  it('sends and gives bytes unchanged', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const url = await serve((request, response) => request.pipe(response));
    const { body } = await send(url, { method: 'POST', body: bytes });
    assert.deepEqual(Buffer.from(body), Buffer.from(bytes));
  });

  for (const status of [301, 302, 303, 307, 308]) {
    it(`does not follow a ${status}, so that a credential goes nowhere else`, async () => {
      const paths: (string | undefined)[] = [];
      const url = await serve((request, response) => {
        paths.push(request.url);
        response
          .writeHead(status, { location: `http://127.0.0.1:${server?.port}/elsewhere` })
          .end();
      });
      const answer = await send(url, { headers: { authorization: 'Bearer x' } });
      assert.equal(answer.status, status);
      assert.match(answer.headers['location'] ?? '', /\/elsewhere$/);
      assert.deepEqual(paths, ['/']);
    });
  }

  for (const status of [400, 401, 429, 500, 503]) {
    it(`takes a ${status} for an answer`, async () => {
      const url = await serve((_, response) => response.writeHead(status).end('no'));
      assert.equal((await send(url)).status, status);
    });
  }

  describe('refuses', () => {
    const door = (allowLoopback: boolean) =>
      createEgress({ allowLoopback, resolve: () => assert.fail('no name was to be resolved') });
    const never = [
      ...['http://example.com/', 'ftp://example.com/', 'file:///etc/passwd', 'data:text/plain,x'],
      ...['https://user@example.com/', 'https://user:password@example.com/', 'ws://example.com/'],
      ...['https://10.0.0.1/', 'https://169.254.169.254/computeMetadata/v1/', 'https://0.0.0.0/'],
      ...['https://[::ffff:10.0.0.1]/', 'https://[fd00:ec2::254]/', 'https://[fe80::1]/'],
      ...['http://169.254.169.254/', 'http://[::ffff:127.0.0.1]/', 'http://user@127.0.0.1/'],
    ];
    const outsideTheSandbox = [
      ...['http://127.0.0.1/', 'http://localhost/', 'http://[::1]/', 'https://127.0.0.1/'],
      ...['https://[::1]/', 'https://2130706433/', 'https://0x7f.1/', 'https://0177.0.0.1/'],
    ];
    for (const url of [...never, ...outsideTheSandbox]) {
      it(`${url} in production`, () => fails(send(url, {}, door(false)), 'refused', 'no'));
    }
    for (const url of never) {
      it(`${url} in the sandbox`, () => fails(send(url, {}, door(true)), 'refused', 'no'));
    }

    const answers: readonly (readonly string[])[] = [
      ['10.0.0.1'],
      ['169.254.169.254'],
      ['127.0.0.1'],
      ['::1'],
      ['fd00::1'],
      ['::ffff:10.0.0.1'],
      ['8.8.8.8', '10.0.0.1'],
      ['10.0.0.1', '8.8.8.8'],
    ];
    for (const addresses of answers) {
      it(`a name that means ${addresses.join(' and ')}`, async () => {
        const resolve = async () =>
          addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
        const production = createEgress({ allowLoopback: false, resolve });
        await fails(send('https://provider.example/', {}, production), 'refused', 'no');
      });
    }
  });

  it('asks for the meaning of a name when it connects, and goes where it was told', async () => {
    let host: string | undefined;
    const url = await serve((request, response) => {
      host = request.headers.host;
      response.end('here');
    });
    const asked: string[] = [];
    const door = createEgress({
      allowLoopback: true,
      resolve: async (hostname) => {
        asked.push(hostname);
        return [{ address: '127.0.0.1', family: 4 }];
      },
    });
    const { body } = await send(url.replace('127.0.0.1', 'localhost'), {}, door);
    assert.equal(Buffer.from(body).toString(), 'here');
    assert.deepEqual(asked, ['localhost']);
    assert.match(host ?? '', /^localhost:/);
  });

  it('goes on to the next address of a name where the first is dead', async () => {
    const url = await serve((_, response) => response.end('here'));
    const resolve = async () => [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ];
    const door = createEgress({ allowLoopback: true, resolve });
    const { status } = await send(url.replace('127.0.0.1', 'localhost'), {}, door);
    assert.equal(status, 200);
  });

  it('takes no proxy from the environment', async () => {
    const url = await serve((_, response) => response.end());
    const names = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY'];
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = 'http://127.0.0.1:1';
    try {
      assert.equal((await send(url)).status, 200);
    } finally {
      for (const [index, name] of names.entries()) {
        const value = before[index];
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });

  describe('caps the size of an answer', () => {
    const sizes: Record<string, RequestListener> = {
      'its length is told': (_, response) => {
        response.writeHead(200, { 'content-length': maxBytes + 1 }).end(Buffer.alloc(maxBytes + 1));
      },
      'its length is not told': (_, response) => {
        response.write(Buffer.alloc(maxBytes));
        response.end('x');
      },
      'it never ends': (_, response) => {
        const more = () => response.write(Buffer.alloc(64), () => response.writable && more());
        more();
      },
      'its headers are many': (_, response) => {
        for (let index = 0; index < 250; index += 1) response.setHeader(`x-${index}`, '1');
        response.end();
      },
      'its headers are long': (_, response) => {
        response.writeHead(200, { 'x-long': 'x'.repeat(17_000) }).end();
      },
    };
    const bomb = Buffer.alloc(50_000_000);
    const bombs = {
      gzip: gzipSync(bomb),
      'x-gzip': gzipSync(bomb),
      deflate: deflateSync(bomb),
      Deflate: deflateRawSync(bomb),
      br: brotliCompressSync(bomb),
      zstd: zstdCompressSync(bomb),
    };
    for (const [encoding, body] of Object.entries(bombs)) {
      sizes[`it is small only while compressed (${encoding})`] = (_, response) => {
        response.writeHead(200, { 'content-encoding': encoding }).end(body);
      };
    }
    for (const [what, listener] of Object.entries(sizes)) {
      it(`where ${what}`, async () => fails(send(await serve(listener)), 'too_large', 'unknown'));
    }
    it('and unpacks no more of it than it takes', async () => {
      const url = await serve((_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(bombs.gzip);
      });
      const before = process.memoryUsage().arrayBuffers;
      await fails(send(url), 'too_large', 'unknown');
      assert.ok(process.memoryUsage().arrayBuffers - before < bomb.byteLength / 4);
    });
    it('and takes as many headers as are usual', async () => {
      const url = await serve((_, response) => {
        for (let index = 0; index < 150; index += 1) response.setHeader(`x-${index}`, '1');
        response.end();
      });
      assert.equal((await send(url)).headers['x-149'], '1');
    });
    it('and takes one of exactly that size', async () => {
      const url = await serve((_, response) => response.end(Buffer.alloc(maxBytes)));
      assert.equal((await send(url)).body.byteLength, maxBytes);
    });
  });

  describe('caps the time', () => {
    const slow: Record<string, RequestListener> = {
      'no answer comes': () => undefined,
      'the body never ends': (_, response) => {
        response.writeHead(200).flushHeaders();
      },
      'the headers trickle': ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\nx-slow: ');
        const timer = setInterval(() => socket.write('x'), 20);
        socket.on('close', () => clearInterval(timer));
      },
      'it is always about to answer': ({ socket }) => {
        const timer = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 20);
        socket.on('close', () => clearInterval(timer));
      },
      'the chunks trickle': ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
        const timer = setInterval(() => socket.write('1\r\nx\r\n'), 20);
        socket.on('close', () => clearInterval(timer));
      },
      'the body trickles': (_, response) => {
        const timer = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(timer));
      },
    };
    for (const [what, listener] of Object.entries(slow)) {
      it(`where ${what}`, async () => {
        await fails(send(await serve(listener), { timeoutMs: 150 }), 'timeout', 'unknown');
      });
    }
    it('where the name is never looked up', async () => {
      const door = createEgress({ allowLoopback: false, resolve: () => new Promise(() => {}) });
      const work = send('https://provider.example/', { timeoutMs: 150 }, door);
      await fails(work, 'timeout', 'unknown');
    });
    it('where TLS never begins', async () => {
      const silent = createTcpServer();
      const { port, stop } = await listenTcp(silent);
      const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
      const door = createEgress({ allowLoopback: true, resolve });
      const work = send(`https://provider.example:${port}/`, { timeoutMs: 150 }, door);
      await fails(work, 'timeout', 'unknown').finally(stop);
    });
  });

  describe('tells whether the request may have been processed', () => {
    it('no: nobody listens', async () => {
      const url = await serve((_, response) => response.end());
      await server?.stop();
      await fails(send(url), 'unreachable', 'no');
    });
    for (const code of ['ENOTFOUND', 'EAI_AGAIN']) {
      it(`no: the name has no meaning (${code})`, async () => {
        const resolve = () => Promise.reject(Object.assign(new Error('secret'), { code }));
        const door = createEgress({ allowLoopback: true, resolve });
        await fails(send('https://provider.example/', {}, door), 'unreachable', 'no');
      });
    }
    it('no: the name has no address', async () => {
      const door = createEgress({ allowLoopback: true, resolve: async () => [] });
      await fails(send('https://provider.example/', {}, door), 'unreachable', 'no');
    });
    it('no: the other side does not speak TLS', async () => {
      const url = await serve((_, response) => response.end());
      const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
      const door = createEgress({ allowLoopback: true, resolve });
      const tls = url.replace('http:', 'https:').replace('127.0.0.1', 'provider.example');
      await fails(send(tls, {}, door), 'unreachable', 'no');
    });
    it('unknown: the connection was cut before an answer', async () => {
      const url = await serve((request) => request.socket.destroy());
      await fails(send(url, { method: 'POST', body: 'x' }), 'dropped', 'unknown');
    });
    it('unknown: the connection was cut in the middle of the answer', async () => {
      const url = await serve((request, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('x');
        setImmediate(() => request.socket.destroy());
      });
      await fails(send(url), 'dropped', 'unknown');
    });
    it('unknown: the answer is not HTTP', async () => {
      const tcp = createTcpServer((socket) => socket.end('not HTTP\r\n\r\n'));
      const { port, stop } = await listenTcp(tcp);
      await fails(send(`http://127.0.0.1:${port}/`), 'dropped', 'unknown').finally(stop);
    });
  });

  it('throws errors that carry nothing of the request', async () => {
    const url = await serve((request) => request.socket.destroy());
    const secret = 's3cret-marker';
    const work = send(`${url}/${secret}?a=${secret}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}` },
      body: secret,
    });
    await assert.rejects(work, (error: unknown) => {
      assert.ok(error instanceof EgressError);
      assert.equal(error.cause, undefined);
      assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes(secret));
      return true;
    });
  });

  it('keeps a connection only where it is asked to', async () => {
    const ports: (number | undefined)[] = [];
    const url = await serve((request, response) => {
      ports.push(request.socket.remotePort);
      response.end();
    });
    for (const keepAlive of [false, false, true, true]) await send(url, { keepAlive });
    const [one, two, three, four] = ports;
    assert.notEqual(one, two);
    assert.equal(three, four);
  });

  describe('where the other side closes a kept connection under a request', () => {
    const closing = async () => {
      const methods: (string | undefined)[] = [];
      const used = new WeakSet<Socket>();
      const url = await serve((request, response) => {
        methods.push(request.method);
        if (used.has(request.socket)) request.socket.destroy();
        else response.end();
        used.add(request.socket);
      });
      await send(url, { keepAlive: true });
      methods.length = 0;
      return { url, methods };
    };
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) {
      it(`sends a ${method} again on a new one`, async () => {
        const { url, methods } = await closing();
        assert.equal((await send(url, { method, keepAlive: true })).status, 200);
        assert.deepEqual(methods, [method, method]);
      });
    }
    for (const method of ['POST', 'PATCH']) {
      it(`never sends a ${method} twice`, async () => {
        const { url, methods } = await closing();
        await fails(send(url, { method, body: 'x', keepAlive: true }), 'dropped', 'unknown');
        assert.deepEqual(methods, [method]);
      });
    }
  });

  it('gives oauth4webapi a Response, also one that may have no body', async () => {
    const url = await serve((request, response) => {
      const status = Number(request.url?.slice(1));
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(status === 204 ? undefined : '{"a":1}');
    });
    const fetch = fetchThrough(egress, { timeoutMs: 5_000, maxBytes });
    const ok = await fetch(`${url}/200`, { method: 'GET', headers: {} });
    assert.deepEqual(await ok.json(), { a: 1 });
    assert.equal(ok.headers.get('content-type'), 'application/json');
    const empty = await fetch(`${url}/204`, { method: 'POST', headers: {}, body: 'a=b' });
    assert.equal(empty.status, 204);
  });
});
