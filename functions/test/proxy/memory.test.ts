import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type LocalServer, listen } from '../../../sandbox/http/local-server.ts';
import { answerOf, begin } from './client.ts';

const gigabyte = 2 ** 30;
const mostBytes = 256 * 2 ** 20;
const chunk = Buffer.alloc(2 ** 20);
const framing = { 'content-length': String(gigabyte) };

describe('a gigabyte through the proxy, in a process of its own,', function () {
  this.timeout(300_000);
  let api: RequestListener;
  let upstream: LocalServer;
  let child: ChildProcess;
  let url = '';
  const told = async (): Promise<{ url?: string; mostBytes?: number }> => {
    const [message]: unknown[] = await once(child, 'message');
    return Object(message);
  };
  beforeEach(async () => {
    upstream = await listen(
      createServer((request, response) => api(request, response)),
      0,
    );
    const file = fileURLToPath(new URL('./proxy-process.ts', import.meta.url));
    // As Node and the allocator do it where they find no more memory than that.
    const heap = ['--max-old-space-size=64', '--max-semi-space-size=2'];
    const execArgv = ['--disable-warning=ExperimentalWarning', ...heap];
    const env = { ...process.env, MALLOC_ARENA_MAX: '2' };
    child = fork(file, [upstream.url], { execArgv, env });
    url = (await told()).url ?? '';
  });
  afterEach(async () => {
    child.kill();
    await upstream.stop();
  });
  const assertSmall = async () => {
    child.send('');
    const { mostBytes: most = Number.POSITIVE_INFINITY } = await told();
    assert.ok(most < mostBytes, `${most / 2 ** 20} MB`);
  };

  /** Gives zeros; counts what it has given. */
  const zeros = () => {
    let given = 0;
    const stream = new Readable({
      highWaterMark: chunk.length,
      read() {
        const rest = Math.min(chunk.length, gigabyte - given);
        given += rest;
        this.push(rest === 0 ? null : chunk.subarray(0, rest));
      },
    });
    return { stream, given: () => given };
  };
  const sizeOf = async (message: IncomingMessage) => {
    let size = 0;
    message.on('data', (part: Buffer) => {
      size += part.length;
    });
    await once(message, 'end');
    return size;
  };
  /** Waits until it no longer rises. */
  const standing = async (count: () => number) => {
    for (let last = -1; last !== count() || last === 0; ) {
      last = count();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return count();
  };

  it('down takes less than 256 MB, and none of it goes where nobody reads', async () => {
    const { stream, given } = zeros();
    api = (_, response) => {
      response.writeHead(200, framing);
      stream.pipe(response);
    };
    const begun = begin(`${url}/big`);
    begun.end();
    const answer = await answerOf(begun);
    const unread = await standing(given);
    assert.ok(unread < gigabyte / 10, `${unread / 2 ** 20} MB were sent to nobody`);
    assert.equal(await sizeOf(answer), gigabyte);
    await assertSmall();
  });

  it('up takes less than 256 MB, and none of it is taken before the API takes it', async () => {
    const { stream, given } = zeros();
    let take: (size: Promise<number>) => void = () => {};
    const size = new Promise<number>((resolve) => {
      take = resolve;
    });
    const came = new Promise<IncomingMessage>((resolve) => {
      api = (request, response) => {
        resolve(request);
        request.once('end', () => response.end());
      };
    });
    const begun = begin(`${url}/big`, { method: 'PUT', headers: framing });
    stream.pipe(begun);
    const request = await came;
    const untaken = await standing(given);
    assert.ok(untaken < gigabyte / 10, `${untaken / 2 ** 20} MB were taken from the sender`);
    take(sizeOf(request));
    assert.equal(await size, gigabyte);
    assert.equal((await answerOf(begun)).resume().statusCode, 200);
    await assertSmall();
  });
});
