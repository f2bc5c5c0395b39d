import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import axios from 'axios';
import { listen } from '../../../sandbox/http/local-server.ts';
import { createDoor } from '../../src/egress/adapter.ts';
import { createEgress, type Egress, type EgressOptions } from '../../src/egress/egress.ts';
import { createStreamingEgress } from '../../src/egress/stream.ts';
import { listenTcp } from '../harness/tcp.ts';
import { hostileAnswers, hostileUrls } from './corpus.ts';

const origin = 'https://api.example.com';

describe('the door, with a listener behind it that must not be reached,', () => {
  let reached = 0;
  let port = 0;
  const stops: (() => void)[] = [];
  before(async () => {
    const count = () =>
      createServer((socket) => {
        reached += 1;
        socket.destroy();
      });
    const four = await listenTcp(count());
    port = four.port;
    stops.push(four.stop);
    // A machine may have no IPv6.
    const six = await listenTcp(count(), { host: '::1', port }).catch(() => undefined);
    if (six !== undefined) stops.push(six.stop);
  });
  after(() => {
    for (const stop of stops) stop();
  });
  afterEach(() => assert.equal(reached, 0));

  const noResolver = () => assert.fail('no name was to be looked up');
  const send = (egress: Egress, text: string, allowedOrigins: readonly string[] = [origin]) =>
    egress({
      url: new URL(text.replaceAll('PORT', String(port))),
      allowedOrigins,
      method: 'GET',
      headers: { authorization: 'Bearer x' },
      timeoutMs: 5_000,
      maxBytes: 1_000,
    });
  /** The door of the axios client, by the same rules. */
  const sendByClient = (options: EgressOptions, text: string, allowedOrigin = origin) =>
    createDoor(options)({
      url: new URL(text.replaceAll('PORT', String(port))),
      allowedOrigin,
      method: 'GET',
      headers: new axios.AxiosHeaders({ authorization: 'Bearer x' }),
      signal: AbortSignal.timeout(5_000),
      config: {},
    });
  /** The door of the proxy, by the same rules. */
  const sendByStream = (options: EgressOptions, text: string, allowedOrigin = origin) =>
    createStreamingEgress(options)({
      url: new URL(text.replaceAll('PORT', String(port))),
      allowedOrigins: [allowedOrigin],
      method: 'GET',
      headers: { authorization: 'Bearer x' },
      signal: AbortSignal.timeout(5_000),
    });
  const shown = (text: string) => JSON.stringify(text).slice(0, 80);

  it('is one that can reach it', async () => {
    const egress = createEgress({ allowLoopback: true });
    const text = `http://127.0.0.1:${port}`;
    await assert.rejects(send(egress, text, [text]), { kind: 'dropped' });
    assert.equal(reached, 1);
    reached = 0;
  });

  const { unparsable, ...refused } = hostileUrls;
  for (const text of unparsable) {
    it(`is never shown ${shown(text)}, which is no URL`, () => {
      assert.throws(() => new URL(text.replaceAll('PORT', String(port))), TypeError);
    });
  }
  for (const [reason, texts] of Object.entries(refused)) {
    for (const text of texts) {
      it(`refuses ${shown(text)} for its ${reason.replace('_', ' ')}`, async () => {
        const production = createEgress({ allowLoopback: false, resolve: noResolver });
        const refusal = { kind: 'refused', processed: 'no', reason };
        await assert.rejects(send(production, text), refusal);
        const options = { allowLoopback: false, resolve: noResolver };
        await assert.rejects(sendByClient(options, text), refusal);
        await assert.rejects(sendByStream(options, text), refusal);
      });
      it(`refuses ${shown(text)} in the sandbox as well`, async () => {
        const sandbox = createEgress({ allowLoopback: true, resolve: noResolver });
        await assert.rejects(send(sandbox, text), { kind: 'refused', processed: 'no' });
      });
    }
  }

  const resolveTo = (addresses: readonly string[]) => async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  for (const addresses of hostileAnswers) {
    it(`refuses a name that is ${shown(addresses.join(' and '))}`, async () => {
      const egress = createEgress({ allowLoopback: false, resolve: resolveTo(addresses) });
      const refusal = { kind: 'refused', processed: 'no', reason: 'address' };
      await assert.rejects(send(egress, `${origin}:PORT/`, [`${origin}:${port}`]), refusal);
      const options = { allowLoopback: false, resolve: resolveTo(addresses) };
      for (const sendBy of [sendByClient, sendByStream]) {
        await assert.rejects(sendBy(options, `${origin}:PORT/`, `${origin}:${port}`), refusal);
      }
    });
  }

  it('looks a name up once for a connection, so that there is no second answer to use', async () => {
    // Harmless and dead the first time, this machine ever after.
    const answers = [[], ['127.0.0.1']];
    let asked = 0;
    const egress = createEgress({
      allowLoopback: false,
      resolve: async () => {
        const addresses = answers[Math.min(asked, 1)] ?? [];
        asked += 1;
        return resolveTo(addresses)();
      },
    });
    const call = () => send(egress, `${origin}:PORT/`, [`${origin}:${port}`]);
    await assert.rejects(call(), { kind: 'unreachable' });
    assert.equal(asked, 1);
    await assert.rejects(call(), { kind: 'refused', reason: 'address' });
    assert.equal(asked, 2);
  });

  it('looks a name up anew for a connection that streams, and checks what it is told', async () => {
    const answers = [[], ['127.0.0.1']];
    const options = {
      allowLoopback: false,
      resolve: async () => resolveTo(answers.shift() ?? [])(),
    };
    const door = createStreamingEgress(options);
    const call = () =>
      door({
        url: new URL(`${origin}:${port}/`),
        allowedOrigins: [`${origin}:${port}`],
        method: 'GET',
        headers: {},
        signal: AbortSignal.timeout(5_000),
      });
    await assert.rejects(call(), { kind: 'unreachable' });
    await assert.rejects(call(), { kind: 'refused', reason: 'address' });
  });

  it('goes nowhere by plain http where localhost is not this machine', async () => {
    const egress = createEgress({ allowLoopback: true, resolve: resolveTo(['8.8.8.8']) });
    const here = `http://localhost:${port}`;
    const refusal = { kind: 'refused', processed: 'no', reason: 'address' };
    await assert.rejects(send(egress, here, [here]), refusal);
  });

  const targets = Object.values(hostileUrls)
    .flat()
    .filter((text) => /^[\x21-\x7e]+$/.test(text));
  it(`follows no redirect to any of ${targets.length} of them, whichever kind it is`, async () => {
    let asked = 0;
    const server = await listen(
      createHttpServer((request, response) => {
        asked += 1;
        const [, status, index] = request.url?.split('/') ?? [];
        const location = (targets[Number(index)] ?? '').replaceAll('PORT', String(port));
        response.writeHead(Number(status), { location }).end();
      }),
      0,
    );
    const egress = createEgress({ allowLoopback: true });
    const statuses = [301, 302, 303, 307, 308];
    try {
      for (const index of targets.keys()) {
        const status = statuses[index % statuses.length];
        const answer = await send(egress, `${server.url}/${status}/${index}`, [server.url]);
        assert.equal(answer.status, status);
      }
    } finally {
      await server.stop();
    }
    assert.equal(asked, targets.length);
  });

  for (const headers of [
    ...[{ host: 'x' }, { Host: 'x' }, { 'content-length': '1' }, { 'Content-Length': '0' }],
    ...[{ 'transfer-encoding': 'chunked' }, { te: 'trailers' }, { trailer: 'x' }],
    ...[{ connection: 'close' }, { 'keep-alive': '1' }, { upgrade: 'h2c' }],
    ...[{ 'http2-settings': 'x' }, { expect: '100-continue' }, { 'proxy-authorization': 'x' }],
    ...[{ 'proxy-connection': 'x' }, { authorization: 'a', Authorization: 'b' }],
    ...[{ 'x a': '1' }, { '': '1' }, { 'x:': '1' }, { 'x\r\nhost': '1' }, { 'x\u0000': '1' }],
    ...[{ x: 'a\r\nhost: b' }, { x: 'a\nb' }, { x: 'a\rb' }, { x: 'a\u0000' }, { x: '\u2028' }],
    ...[{ x: '\u560d\u560a' }, { x: '\u0100' }, { x: '\u007f' }, { '\u212a': 'x' }],
  ] as Record<string, string>[]) {
    it(`refuses the headers ${JSON.stringify(headers)}`, async () => {
      const egress = createEgress({ allowLoopback: false, resolve: noResolver });
      const request = { url: new URL(origin), method: 'GET', timeoutMs: 5_000, maxBytes: 1 };
      const refusal = { kind: 'refused', processed: 'no', reason: 'header' };
      await assert.rejects(egress({ ...request, headers }), refusal);
      const stream = createStreamingEgress({ allowLoopback: false, resolve: noResolver });
      const { signal } = new AbortController();
      const streamed = { ...request, headers, allowedOrigins: [origin], signal };
      await assert.rejects(stream(streamed), refusal);
    });
  }
  for (const method of ['', 'get', 'CONNECT', 'TRACE', 'GET / HTTP/1.1\r\nhost:', 'PRI']) {
    it(`refuses the method ${JSON.stringify(method)}`, async () => {
      const egress = createEgress({ allowLoopback: false, resolve: noResolver });
      const request = { url: new URL(origin), method, headers: {}, timeoutMs: 5_000, maxBytes: 1 };
      const refusal = { kind: 'refused', processed: 'no', reason: 'method' };
      await assert.rejects(egress(request), refusal);
    });
  }
});
