import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import * as v from 'valibot';
import { createTokenCache } from '../../src/calls/access-token.ts';
import { createAuthorized } from '../../src/calls/authorized.ts';
import { createCallApi } from '../../src/calls/call.ts';
import type { ApiCall } from '../../src/calls/request-guard.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { StrongroomError } from '../../src/errors.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { settingsSchema } from '../../src/providers/settings-schema.ts';
import { listenTcp } from '../harness/tcp.ts';
import { unlimited } from '../harness/unlimited.ts';

const accessToken = 'ya29.a0AfH6SMBx-0123456789_abcdefghijklmnop';

/** One request as it came over the wire. */
interface Received {
  readonly line: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** What came after its end: another request, were one smuggled in. */
  readonly rest: string;
}

describe('the credential of a call, at a listener that records every byte,', () => {
  let recorded: string[] = [];
  let answer: (request: string) => string = () => '';
  let base = '';
  let stop = () => {};
  before(async () => {
    const listener = createServer((socket: Socket) => {
      let bytes = '';
      socket.on('data', (chunk) => {
        bytes += chunk.toString('latin1');
        if (!isWhole(bytes)) return;
        recorded.push(bytes);
        const body = answer(bytes);
        const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n';
        const etag = `etag: "${encodeURIComponent(body)}"\r\n`;
        socket.end(
          `${head}${body === '' ? '' : etag}content-length: ${body.length}\r\n\r\n${body}`,
        );
      });
    });
    const started = await listenTcp(listener);
    stop = started.stop;
    base = `http://127.0.0.1:${started.port}`;
  });
  after(() => stop());
  beforeEach(() => {
    recorded = [];
    answer = () => '';
  });

  const callWith = (change: object = {}) => {
    const { providers } = v.parse(settingsSchema, {
      app: { redirectUri: 'https://app.example/callback', returnTo: ['https://app.example/'] },
      providers: {
        one: {
          kind: 'oidc',
          name: 'One',
          issuer: 'https://id.example',
          clientId: 'client',
          apiBaseUrl: `${base}/v1`,
          ...change,
        },
      },
    });
    const { one } = providers;
    assert.ok(one);
    const tokenSet = { accessToken, tokenType: 'bearer', scopes: [], obtainedAt: 0 };
    const opened = { tokenSet, generation: 1, uid: 'ada', provider: { ...one, id: 'one' } };
    const clock = systemClock;
    const tokens = createTokenCache(async () => opened, clock);
    const egress = createEgress({ allowLoopback: true });
    const call = createCallApi({
      authorized: createAuthorized(tokens, clock),
      egress,
      limits: unlimited,
      clock,
    });
    return (request: Partial<ApiCall>) =>
      call({ uid: 'ada' }, 'c', { method: 'GET', path: '/me', ...request }, clock.ticks() + 5_000);
  };

  /** The one request that came: one credential, one host, one length, nothing behind it. */
  const assertUntouched = (): Received => {
    const [text = '', ...more] = recorded;
    assert.deepEqual(more, []);
    const received = read(text);
    const { line, headers, rest } = received;
    assert.match(line, /^[A-Z]+ \/v1\/[^ ]* HTTP\/1\.1$/);
    assert.equal(rest, '');
    const values = (name: string) => headers.filter(([key]) => key === name).map(([, one]) => one);
    assert.deepEqual(values('authorization'), [`Bearer ${accessToken}`]);
    assert.deepEqual(values('host'), [new URL(base).host]);
    assert.ok(values('content-length').length <= 1);
    assert.deepEqual(values('transfer-encoding'), []);
    const names = headers.map(([name]) => name);
    assert.deepEqual(names, [...new Set(names)]);
    assert.deepEqual(
      names.filter((name) => /cookie|^proxy-|forwarded|^via$|^te$|upgrade|expect|http2/.test(name)),
      [],
    );
    assert.ok(!line.includes(accessToken));
    return received;
  };

  it('is sent once, and the header of the connection is our own', async () => {
    await callWith()({ method: 'POST', body: '{"a":1}', query: { q: 'x y' } });
    const { line, body } = assertUntouched();
    assert.equal(line, 'POST /v1/me?q=x+y HTTP/1.1');
    assert.equal(body, '{"a":1}');
  });

  const names = [
    ...['authorization', 'Authorization', 'AUTHORIZATION', 'aUtHoRiZaTiOn', ' authorization'],
    ...['authorization ', 'authorization\t', 'authorization:', 'authorization\u0000', 'proxy-x'],
    ...['cookie', 'Cookie', 'Cookie2', 'set-cookie', 'host', 'Host', 'HOST', 'x-host'],
    ...['proxy-authorization', 'Proxy-Connection', 'x-forwarded-for', 'X-Forwarded-Host'],
    ...['x-forwarded-proto', 'x-forwarded', 'forwarded', 'via', 'x-real-ip', 'connection', 'te'],
    ...['Transfer-Encoding', 'transfer-encoding', 'content-length', 'Content-Length', 'trailer'],
    ...['expect', 'upgrade', 'http2-settings', 'keep-alive', 'x_forwarded_for', 'content_length'],
    ...[':authority', ':path', 'x\r\nauthorization', 'x: y\r\nauthorization', 'x\nhost', 'x\rhost'],
    ...['__proto__', 'constructor', 'authori\u017fation', '\u0130f-match', 'ho\u017ft', ''],
  ];
  /** As settings that open everything they can. */
  const opened = () => ({
    requestHeaders: names.filter((name) => /^[a-z0-9-]+$/.test(name)),
  });
  for (const name of names.filter((one) => one !== 'constructor')) {
    it(`is not touched by the header ${JSON.stringify(name)}: the call is refused`, async () => {
      for (const change of [{}, opened()]) {
        const headers = Object.fromEntries([[name, 'chunked']]);
        await assert.rejects(callWith(change)({ headers }), { code: 'header_not_allowed' });
      }
      assert.deepEqual(recorded, []);
    });
    it(`is not touched by the header ${JSON.stringify(name)}: a proxy drops it`, async () => {
      const headers = { ...Object.fromEntries([[name, 'chunked']]), accept: 'text/plain' };
      await callWith(opened())({ headers, otherHeaders: 'dropped', method: 'POST', body: 'x' });
      const { headers: got } = assertUntouched();
      assert.ok(!got.some(([, value]) => value === 'chunked'));
    });
  }

  const injections = [
    ...['a\r\nauthorization: Bearer evil', 'a\nhost: evil.example', 'a\rcookie: x=1', 'a\u0000b'],
    ...['a\r\n\r\nGET /admin HTTP/1.1\r\nhost: evil.example\r\n\r\n', 'a\r\n b', 'a\u000bb'],
    ...['\u560d\u560aauthorization: x', '\u010d\u010ahost: x', 'a\u0085b\u2028c', '\u007f'],
  ];
  for (const value of injections) {
    it(`is not touched by the value ${JSON.stringify(value)}`, async () => {
      for (const otherHeaders of ['refused', 'dropped'] as const) {
        for (const name of ['accept', 'Content-Type', 'range', 'prefer', 'idempotency-key']) {
          const request = { headers: { [name]: value }, otherHeaders };
          await assert.rejects(callWith()(request), { code: 'header_not_allowed' });
        }
      }
      assert.deepEqual(recorded, []);
    });
  }

  for (const name of ['access_token', 'Access_Token', 'access_token[]', 'oauth_token', 'key']) {
    it(`is not doubled by the query's ${name}`, async () => {
      const call = callWith({ apiBaseUrl: `${base}/v1?key=1` });
      for (const value of ['evil', ['a', 'b']]) {
        await assert.rejects(call({ query: { [name]: value } }), { code: 'invalid_argument' });
      }
      assert.deepEqual(recorded, []);
    });
  }

  for (const body of [
    'GET /admin HTTP/1.1\r\nhost: evil.example\r\n\r\n',
    '0\r\n\r\nGET /admin HTTP/1.1\r\nhost: evil.example\r\n\r\n',
    '5\r\nhello\r\n0\r\n\r\n',
    '\r\n\r\n',
    '\u0000',
  ]) {
    it(`is not followed by a request of the body ${JSON.stringify(body)}`, async () => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        recorded = [];
        await callWith()({ method, body });
        assert.equal(assertUntouched().body, body);
      }
    });
  }

  it('is untouched by whatever a caller can state at once', async () => {
    let sent = 0;
    const call = callWith(opened());
    const nasty = fc.oneof(
      fc.constantFrom(...injections, 'x', 'chunked', '0', '100-continue', 'close', 'a;b=c, d'),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    const name = fc.oneof(
      fc.constantFrom('accept', 'Prefer', 'range', 'content-type', 'if-match', ...names),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    const requests = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
      path: fc.constantFrom('/', '/me', '/a%20b', '/a/b/', '/a%0d%0ab', '/../x', '/a b', '/me '),
      query: fc.dictionary(nasty, nasty, { maxKeys: 2 }),
      headers: fc.dictionary(name, nasty, { maxKeys: 2 }),
      otherHeaders: fc.constantFrom('refused' as const, 'dropped' as const),
      body: fc.oneof(fc.constant(undefined), nasty, fc.uint8Array()),
    });
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        recorded = [];
        try {
          await call(request);
        } catch (error) {
          assert.ok(error instanceof StrongroomError, String(error));
          assert.match(error.code, /^(path|header)_not_allowed$|^invalid_argument$/);
          assert.deepEqual(recorded, []);
          return;
        }
        sent += 1;
        assertUntouched();
      }),
      { numRuns: 500 },
    );
    assert.ok(sent > 30, `only ${sent} calls were sent: the property says little`);
  });

  describe('where the API sends the request back', () => {
    const echoes: Record<string, (request: string) => string> = {
      'as it came': (request) => request,
      'in base64': (request) => Buffer.from(request).toString('base64'),
      'in base64url': (request) => Buffer.from(request).toString('base64url'),
      'URL-encoded': (request) => encodeURIComponent(request),
      'as JSON': (request) => JSON.stringify({ request }),
    };
    for (const [what, echo] of Object.entries(echoes)) {
      it(`${what}, is not in what the caller gets`, async () => {
        answer = echo;
        const { body, headers } = await callWith()({ method: 'POST', body: 'x' });
        assertUntouched();
        const seen = `${Buffer.from(body)}\n${JSON.stringify(headers)}`;
        const places = [seen, decodeURIComponent(seen), Buffer.from(seen, 'base64').toString()];
        for (const place of places) assert.ok(!place.includes(accessToken));
        assert.ok(seen.includes('********'));
        assert.equal(Buffer.from(body).length, echo(recorded[0] ?? '').length);
      });
    }

    it('is there where the settings want answers as they are', async () => {
      answer = (request) => request;
      const { body } = await callWith({ redactEchoes: 'never' })({});
      assert.ok(Buffer.from(body).includes(accessToken));
    });
  });
});

function isWhole(bytes: string): boolean {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /^content-length: (\d+)$/im.exec(bytes.slice(0, end).replaceAll('\r', ''))?.[1];
  return bytes.length >= end + 4 + Number(length ?? 0);
}

function read(text: string): Received {
  const end = text.indexOf('\r\n\r\n');
  const [line = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = lines.map((one): [string, string] => {
    const colon = one.indexOf(': ');
    return [one.slice(0, colon).toLowerCase(), one.slice(colon + 2)];
  });
  const length = Number(headers.find(([name]) => name === 'content-length')?.[1] ?? 0);
  const content = text.slice(end + 4);
  return { line, headers, body: content.slice(0, length), rest: content.slice(length) };
}
