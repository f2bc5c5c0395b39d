import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { formsOf } from '../../src/calls/redact.ts';
import { answerOf, ask, begin, codeOf, next } from './client.ts';
import { accessToken, connectionId, type Proxied, startProxied } from './proxied.ts';

/** One request as the API got it. */
interface Received {
  readonly line: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

describe('the credential of the proxy', () => {
  let received: Received[] = [];
  let proxied: Proxied;
  const start = async (provider: object = {}) => {
    await proxied?.stop();
    proxied = await startProxied(
      async (request, response) => {
        const { method, url, rawHeaders } = request;
        const headers = rawHeaders.flatMap((name, at) =>
          at % 2 === 0 ? [[name.toLowerCase(), rawHeaders[at + 1] ?? ''] as const] : [],
        );
        const body = String(await buffer(request));
        received.push({ line: `${method} ${url}`, headers, body });
        response.end('ok');
      },
      { provider },
    );
  };
  before(() =>
    start({ requestHeaders: ['authorization', 'cookie', 'x-forwarded-for', 'x-one', 'x-two'] }),
  );
  after(() => proxied.stop());
  beforeEach(() => {
    received = [];
  });

  /** These lines as they are, and what came back until the connection closed. */
  const sendBytes = async (lines: readonly string[], body = ''): Promise<string> => {
    const socket = connect(proxied.port, '127.0.0.1');
    const head = ['host: app.example', 'connection: close', ...lines.slice(1)];
    socket.write(`${[lines[0], ...head].join('\r\n')}\r\n\r\n${body}`, 'latin1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += String(chunk);
    });
    await once(socket, 'close');
    return answer;
  };
  const path = `/v1/connections/${connectionId}/proxy`;
  const assertUntouched = ({ headers }: Received) => {
    const values = (name: string) => headers.filter(([key]) => key === name).map(([, one]) => one);
    assert.deepEqual(values('authorization'), [`Bearer ${accessToken}`]);
    assert.deepEqual(values('host'), [new URL(proxied.upstream.url).host]);
    const names = headers.map(([name]) => name);
    assert.deepEqual(names, [...new Set(names)]);
    assert.deepEqual(
      names.filter((name) => /cookie|^proxy-|forwarded|^via$|^te$|upgrade|expect|http2/.test(name)),
      [],
    );
  };

  for (const [what, lines] of Object.entries({
    'a credential of his own': ['authorization: Bearer evil', 'AUTHORIZATION: Basic evil'],
    cookies: ['cookie: a=b', 'Cookie: c=d', 'set-cookie: e=f'],
    'a route': ['x-forwarded-for: evil', 'x-forwarded-host: evil', 'forwarded: for=evil', 'via: x'],
    hops: ['connection: authorization, host, x-one', 'x-one: 1', 'te: trailers', 'upgrade: h2c'],
    'a proxy': ['proxy-authorization: Basic x', 'proxy-connection: keep-alive', 'x-proxy-user: x'],
    'names that servers read alike': ['x_forwarded_for: evil', 'authorization_: x', 'x-two: 2'],
  })) {
    it(`is alone and goes to one host, though the caller states ${what}`, async () => {
      await sendBytes([`GET ${path}/me HTTP/1.1`, ...lines]);
      const [one, ...more] = received;
      assert.ok(one);
      assert.deepEqual(more, []);
      assertUntouched(one);
      assert.doesNotMatch(JSON.stringify(one), /evil/);
    });
  }

  describe('beside headers of every call', () => {
    before(() =>
      start({
        apiHeaders: { 'client-id': '{client_id}', 'api-version': '1' },
        requestHeaders: ['api-version'],
      }),
    );
    after(() =>
      start({ requestHeaders: ['authorization', 'cookie', 'x-forwarded-for', 'x-one', 'x-two'] }),
    );

    it('lets the caller replace those that are his to set', async () => {
      for (const [version, lines] of [
        ['1', []],
        ['2', ['api-version: 2', 'client-id: evil']],
      ] as const) {
        received = [];
        await sendBytes([`GET ${path}/me HTTP/1.1`, ...lines]);
        const [one] = received;
        assert.ok(one);
        assertUntouched(one);
        const sent = new Map(one.headers);
        assert.deepEqual([sent.get('client-id'), sent.get('api-version')], ['client', version]);
      }
    });
  });

  for (const [what, lines, body] of [
    ['two framings', ['content-length: 5', 'transfer-encoding: chunked'], '0\r\n\r\n'],
    ['two lengths', ['content-length: 5', 'content-length: 6'], 'abcdef'],
    ['a length that is none', ['content-length: +5'], 'abcde'],
    ['a coding that is none', ['transfer-encoding: xchunked'], '0\r\n\r\n'],
    ['a coding behind the last', ['transfer-encoding: chunked, identity'], '0\r\n\r\n'],
    ['a folded coding', ['transfer-encoding:', ' chunked'], '0\r\n\r\n'],
    ['a space before a colon', ['transfer-encoding : chunked'], '0\r\n\r\n'],
    ['a chunk that is none', ['transfer-encoding: chunked'], 'x\r\n'],
    ['a chunk with too much in it', ['transfer-encoding: chunked'], '1\r\nab\r\n0\r\n\r\n'],
  ] as const) {
    it(`takes no second request along, hidden behind ${what}`, async () => {
      const hidden = `GET ${path}/hidden HTTP/1.1\r\nhost: x\r\n\r\n`;
      await sendBytes([`POST ${path}/me HTTP/1.1`, ...lines], body + hidden);
      await proxied.settled();
      for (const { line } of received) assert.doesNotMatch(line, /hidden/);
      assert.ok(received.length <= 1);
    });
  }

  it('takes no second request along that is a body: it arrives as one', async () => {
    const hidden = '0\r\n\r\nGET /v1/hidden HTTP/1.1\r\nhost: x\r\n\r\n';
    const chunked = `${hidden.length.toString(16)};a=b\r\n${hidden}\r\n0\r\nauthorization: x\r\n\r\n`;
    await sendBytes([`POST ${path}/me HTTP/1.1`, 'transfer-encoding: chunked'], chunked);
    await sendBytes([`PUT ${path}/me HTTP/1.1`, `content-length: ${hidden.length}`], hidden);
    await sendBytes([`DELETE ${path}/me HTTP/1.1`, `content-length: ${hidden.length}`], hidden);
    assert.deepEqual(
      received.map(({ line, body }) => [line, body]),
      ['POST', 'PUT', 'DELETE'].map((method) => [`${method} /v1/me`, hidden]),
    );
    for (const one of received) assertUntouched(one);
  });

  for (const target of [
    ...['/../x', '/%2e%2e/x', '//evil.example/', '/\\evil.example', '/a;b', '/a%2fb', '/a%00'],
    ...['/me?access_token=x', '/me?a=1;access_token=x', '/me?Access.Token=x', '/%c0%ae%c0%ae/x'],
    ...['http://evil.example/', '@evil.example/', '/a b', '/a%0d%0ahost:x'],
  ]) {
    it(`goes nowhere for ${target}`, async () => {
      const answer = await sendBytes([`GET ${path}${target} HTTP/1.1`]);
      assert.match(answer, /^HTTP\/1\.1 400 /);
      assert.deepEqual(received, []);
    });
  }

  describe('that is a parameter', () => {
    const key = encodeURIComponent(accessToken);
    const provider = { credential: { query: { key: '{access_token}' } } };
    let link = '';
    let location = '';
    let asked: string | undefined;
    let api: Proxied;
    before(async () => {
      api = await startProxied(
        ({ url }, response) => {
          asked = url;
          response.setHeader('x-asked', `${url}`);
          response.writeHead(302, { link, location }).end();
        },
        { provider },
      );
    });
    after(() => api.stop());

    it('goes with the request and comes back in no header', async () => {
      link = `</v1/list?page=2&key=${key}>; rel="next", <https://x.example/?k=${key}>; rel=other`;
      location = `/v1/list?key=${key}`;
      const { headers } = await ask(`${api.url}/list?page=1`);
      assert.equal(asked, `/v1/list?page=1&key=${key}`);
      const stars = '*'.repeat(key.length);
      assert.equal(
        headers['link'],
        `<${api.url}/list?page=2>; rel="next", <https://x.example/?k=${stars}>; rel=other`,
      );
      assert.equal(headers.location, `${api.url}/list`);
      assert.equal(headers['x-asked'], `/v1/list?page=1&key=${stars}`);
      for (const form of formsOf(accessToken)) {
        assert.ok(!JSON.stringify(headers).includes(form));
      }
    });

    it('is not set by the caller', async () => {
      asked = undefined;
      for (const query of ['key=mine', 'KEY=mine', 'a=1;key=mine', 'key[]=mine', '%6bey=mine']) {
        assert.equal(codeOf(await ask(`${api.url}/list?${query}`)), 'invalid_argument');
      }
      assert.equal(asked, undefined);
    });
  });

  describe('where the API sends the request back', () => {
    const stars = '*'.repeat(accessToken.length);
    const startEcho = async (redactEchoes: string) => {
      const seen: NodeJS.Dict<string | string[]>[] = [];
      await proxied.stop();
      proxied = await startProxied(
        async ({ headers, url }, response) => {
          seen.push(headers);
          const { authorization = '' } = headers;
          response.setHeader('x-echo', authorization);
          if (url === '/v1/packed') {
            response.setHeader('content-encoding', 'gzip');
            response.end(gzipSync(authorization));
            return;
          }
          // In two pieces, the second once the first is there.
          response.write(authorization.slice(0, 20));
          await new Promise(setImmediate);
          response.end(authorization.slice(20));
        },
        { provider: { redactEchoes } },
      );
      return seen;
    };

    for (const setting of ['never', 'calls']) {
      it(`is in no header, and in the body where the settings say ${setting}`, async () => {
        await startEcho(setting);
        const { headers, text } = await ask(`${proxied.url}/x`);
        assert.equal(headers['x-echo'], `Bearer ${stars}`);
        assert.equal(text, `Bearer ${accessToken}`);
      });
    }

    it('is in no body either where the settings say always', async () => {
      const seen = await startEcho('always');
      const headers = { 'accept-encoding': 'gzip', range: 'bytes=7-20', 'if-range': '"tag"' };
      const answer = await ask(`${proxied.url}/x`, { headers });
      assert.equal(answer.text, `Bearer ${stars}`);
      const [{ range, 'if-range': ifRange, 'accept-encoding': coding } = {}] = seen;
      assert.deepEqual([range, ifRange, coding], [undefined, undefined, 'identity']);
    });

    it('is not searched for in vain: what is compressed all the same is refused', async () => {
      await startEcho('always');
      const answer = await ask(`${proxied.url}/packed`);
      assert.deepEqual([answer.status, codeOf(answer)], [502, 'provider_answer_invalid']);
      await proxied.settled();
    });

    it('is searched for while events pass at once', async () => {
      await proxied.stop();
      let write = (_: string) => {};
      proxied = await startProxied(
        (_, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
          write = (text) => response.write(text);
        },
        { provider: { redactEchoes: 'always' } },
      );
      const begun = begin(`${proxied.url}/events`);
      begun.end();
      const answer = await answerOf(begun);
      for (const text of ['data: one\n\n', `data: ${accessToken}\n\n`, 'data: two\n\n']) {
        write(text);
        assert.equal(await next(answer), text.replace(accessToken, stars));
      }
      begun.destroy();
      await proxied.settled();
    });
  });
});
