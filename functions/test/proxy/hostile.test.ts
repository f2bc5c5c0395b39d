import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { mock } from 'node:test';
import { StrongroomError } from '../../src/errors.ts';
import { listenTcp } from '../harness/tcp.ts';
import { answerOf, ask, begin, codeOf } from './client.ts';
import { accessToken, type Proxied, startProxied, startProxyBefore } from './proxied.ts';

const deadlineMs = 30_000;

describe('the proxy, before an API that does not do as it should,', () => {
  const stops: (() => unknown)[] = [];
  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()));
  });
  const before = async (
    api: RequestListener,
    options?: Parameters<typeof startProxied>[1],
  ): Promise<Proxied> => {
    const proxied = await startProxied(api, options);
    stops.push(proxied.stop);
    return proxied;
  };
  /** Before an API that answers these bytes, whatever it is asked. */
  const beforeBytes = async (bytes: string | ((socket: Socket) => void)) => {
    const listener = createServer((socket) => {
      socket.once('data', () => {
        if (typeof bytes === 'string') socket.end(bytes, 'latin1');
        else bytes(socket);
      });
    });
    const { port, stop } = await listenTcp(listener);
    const proxied = await startProxyBefore(`http://127.0.0.1:${port}`);
    stops.push(stop, proxied.stop);
    return proxied;
  };
  const head = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n';

  describe('at the deadline,', () => {
    // It is over when the test says so, however slow the machine is.
    beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
    afterEach(() => mock.timers.reset());
    const pass = () => mock.timers.tick(deadlineMs);

    it('gives it up where it never answers, and says so', async () => {
      let gone: Promise<unknown> = Promise.resolve();
      const api: RequestListener = ({ socket }) => {
        gone = once(socket, 'close');
        pass();
      };
      const { url, settled } = await before(api, { timeoutMs: deadlineMs });
      const answer = await ask(`${url}/x`);
      assert.deepEqual([answer.status, codeOf(answer)], [504, 'deadline_exceeded']);
      await Promise.all([gone, settled()]);
    });

    it('breaks off where it stops in the middle of its answer', async () => {
      let gone: Promise<unknown> = Promise.resolve();
      const api: RequestListener = (request, response) => {
        gone = once(request.socket, 'close');
        response.write('half');
      };
      const { url, settled } = await before(api, { timeoutMs: deadlineMs });
      const begun = begin(`${url}/x`);
      begun.end();
      const answer = await answerOf(begun);
      pass();
      await assert.rejects(buffer(answer), { code: 'ECONNRESET' });
      await Promise.all([gone, settled()]);
    });

    it('breaks off where the client reads too slowly, also what is there already', async () => {
      const large = Buffer.alloc(20_000_000);
      const { url, settled } = await before((_, response) => response.end(large), {
        timeoutMs: deadlineMs,
      });
      const begun = begin(`${url}/x`);
      begun.end();
      const answer = await answerOf(begun);
      pass();
      await settled();
      await assert.rejects(buffer(answer), { code: 'ECONNRESET' });
    });
  });

  it('asks it nothing where the deadline is over', async () => {
    const { url } = await before(() => assert.fail('it was asked'), { timeoutMs: 0 });
    assert.equal(codeOf(await ask(`${url}/x`)), 'deadline_exceeded');
  });

  for (const [what, bytes] of Object.entries({
    'is no HTTP': 'hello\r\n\r\n',
    'has no status line': 'content-length: 0\r\n\r\n',
    'is cut in its headers': head,
    'says a length twice': `${head}content-length: 3\r\n\r\nab`,
    'says a length and none': `${head}transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`,
    'folds a header': `${head}x-a: b\r\n c\r\n\r\nab`,
    'has a header without a name': `${head}: b\r\n\r\nab`,
    'has a NUL in a header': `${head}x-a: b\0c\r\n\r\nab`,
    'has a lone line feed in a header': `${head}x-a: b\nset-cookie: c\r\n\r\nab`,
    'has a DEL in a header': `${head}x-a: b\x7fc\r\n\r\nab`,
    'turns to another protocol':
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  })) {
    it(`is unavailable where its answer ${what}`, async () => {
      const { url, settled } = await beforeBytes(bytes);
      const answer = await ask(`${url}/x`, { method: 'POST' });
      assert.deepEqual([answer.status, codeOf(answer)], [503, 'unavailable'], answer.text);
      await settled();
    });
  }

  for (const [what, bytes] of Object.entries({
    'has a status that is none': 'HTTP/1.1 000 x\r\ncontent-length: 0\r\n\r\n',
    'is packed on its way': 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  })) {
    it(`hands no answer on that ${what}`, async () => {
      const { url, settled } = await beforeBytes(bytes);
      const answer = await ask(`${url}/x`);
      assert.deepEqual([answer.status, codeOf(answer)], [502, 'provider_answer_invalid']);
      await settled();
    });
  }

  it('refuses headers without end', async () => {
    const { url } = await beforeBytes((socket) => {
      socket.write(head);
      const more = () => {
        while (socket.write(`x-a: ${'a'.repeat(1_000)}\r\n`));
      };
      socket.on('drain', more);
      more();
    });
    const answer = await ask(`${url}/x`);
    assert.deepEqual([answer.status, codeOf(answer)], [502, 'answer_too_large']);
  });

  it('refuses headers without number, rather than leave one out that says what is allowed', async () => {
    const { url } = await beforeBytes(`${head}${'a: b\r\n'.repeat(500)}\r\nab`);
    assert.equal(codeOf(await ask(`${url}/x`)), 'answer_too_large');
  });

  it('hands on nothing that follows its answer', async () => {
    const second = 'HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 4\r\n\r\nevil';
    const { url } = await beforeBytes(`${head}\r\nab${second}`);
    for (let calls = 0; calls < 3; calls += 1) {
      assert.deepEqual((await ask(`${url}/x`)).text, 'ab');
    }
  });

  it('asks again where a kept connection was closed under it, once, and never for a POST', async () => {
    let calls = 0;
    const used = new WeakSet<Socket>();
    const { url, settled } = await before(({ socket }, response) => {
      calls += 1;
      if (used.has(socket)) socket.destroy();
      else response.end('ok');
      used.add(socket);
    });
    const call = async (method: string) => {
      const { status } = await ask(`${url}/x`, { method });
      await settled();
      return [status, calls];
    };
    assert.deepEqual(await call('GET'), [200, 1]);
    assert.deepEqual(await call('GET'), [200, 3]);
    // The second time on a connection that is not kept.
    assert.deepEqual(await call('GET'), [200, 4]);
    assert.deepEqual(await call('POST'), [503, 5]);
  });

  it('keeps its connection for the next call', async () => {
    const sockets = new Set<Socket>();
    const { url, settled } = await before(({ socket }, response) => {
      sockets.add(socket);
      response.end('ok');
    });
    for (let calls = 0; calls < 5; calls += 1) {
      await ask(`${url}/x`);
      await settled();
    }
    assert.equal(sockets.size, 1);
  });

  it('reads no more of it than the client takes', async () => {
    const chunk = Buffer.alloc(1_000_000);
    let sent = 0;
    let isFull = new Promise<void>(() => {});
    const { url } = await before((_, response) => {
      isFull = new Promise((resolve) => {
        const more = () => {
          while (sent < 1_000 && response.write(chunk)) sent += 1;
          if (sent === 1_000) resolve();
        };
        response.on('drain', more);
        more();
      });
    });
    const begun = begin(`${url}/x`);
    begun.end();
    const answer = await answerOf(begun);
    // Buffers of the operating system and of Node take some; then it has to wait.
    let last = -1;
    const stands = async () => {
      while (last !== sent) {
        last = sent;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    await Promise.race([stands(), isFull]);
    assert.ok(sent < 100, `${sent} MB went to nobody`);
    answer.destroy();
  });

  describe('and refuses the token', () => {
    const refusing =
      (tokens: (string | undefined)[]): RequestListener =>
      (request, response) => {
        tokens.push(request.headers.authorization);
        if (request.headers.authorization === `Bearer ${accessToken}`) response.writeHead(401);
        request.on('data', () => {});
        request.on('end', () => response.end(response.statusCode === 401 ? 'no' : 'yes'));
      };

    it('asks once more with another, with the same body, where the host held it', async () => {
      const bodies: string[] = [];
      const { url } = await before(
        async (request, response) => {
          bodies.push(String(await buffer(request)));
          const isOld = request.headers.authorization === `Bearer ${accessToken}`;
          response.writeHead(isOld ? 401 : 200).end(isOld ? 'no' : 'yes');
        },
        { buffers: true },
      );
      const answer = await ask(`${url}/x`, { method: 'POST', body: 'once' });
      assert.deepEqual([answer.status, answer.text], [200, 'yes']);
      assert.deepEqual(bodies, ['once', 'once']);
    });

    it('hands the refusal on where the body went by: the next call has another token', async () => {
      const tokens: (string | undefined)[] = [];
      const { url } = await before(refusing(tokens));
      const first = await ask(`${url}/x`, { method: 'POST', body: 'once' });
      assert.deepEqual([first.status, first.text], [401, 'no']);
      const second = await ask(`${url}/x`, { method: 'POST', body: 'again' });
      assert.deepEqual([second.status, second.text], [200, 'yes']);
      assert.equal(new Set(tokens).size, 2);
    });

    it('leaves nothing open where there is no other token', async () => {
      let closed: Promise<unknown> = Promise.resolve();
      const api: RequestListener = (request, response) => {
        closed = once(request.socket, 'close');
        response.writeHead(401).write('no, and more to come');
      };
      const proxied = await before(api, {
        fresh:
          (first) =>
          async ({ newerThan }) => {
            if (newerThan === undefined) return first;
            throw new StrongroomError('needs_reauth', 'Connect the account again.');
          },
      });
      const answer = await ask(`${proxied.url}/x`);
      assert.deepEqual([answer.status, codeOf(answer)], [409, 'needs_reauth']);
      await closed;
    });
  });

  it('waits for no client who has left: nothing is sent for him', async () => {
    const asked: IncomingMessage[] = [];
    let give = () => {};
    let fresh: NonNullable<Parameters<typeof startProxied>[1]>['fresh'];
    const waits = new Promise<void>((resolve) => {
      fresh = (first) => () =>
        new Promise((given) => {
          give = () => given(first);
          resolve();
        });
    });
    const proxied = await before((request) => asked.push(request), { fresh });
    const begun = begin(`${proxied.url}/x`);
    begun.end();
    await waits;
    begun.destroy();
    await proxied.left();
    give();
    await proxied.settled();
    assert.deepEqual(asked, []);
  });
});
