import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type LocalServer, listen } from '../../../sandbox/http/local-server.ts';
import { refusesToken } from '../../src/calls/refused-token.ts';
import { connectionAt } from './connection-at.ts';

const refusal = { member: 'error', values: ['token_expired', 42_001] };

describe('an answer that refuses the token', () => {
  const at = { replayOn: [401 as const], refusal };
  const bytes = (text: string) => new TextEncoder().encode(text);
  const long = 'x'.repeat(65_536);

  const bodies: readonly [body: string, isRefused: boolean][] = [
    ['{"ok":false,"error":"token_expired"}', true],
    ['\uFEFF{"error":"token_expired"}', true],
    [' {"error":42001}\n', true],
    ['{"error":"42001"}', false],
    ['{"error":"TOKEN_EXPIRED"}', false],
    ['{"error":"token_expired_not"}', false],
    ['{"error":["token_expired"]}', false],
    ['{"errors":"token_expired"}', false],
    ['{"data":{"error":"token_expired"}}', false],
    ['["token_expired"]', false],
    ['"token_expired"', false],
    ['null', false],
    ['', false],
    ['error=token_expired', false],
    ['{"error":"token_expired"', false],
    [`{"error":"token_expired","more":"${long}"}`, false],
  ];
  for (const [body, isRefused] of bodies) {
    it(`${isRefused ? 'is' : 'is not'} ${JSON.stringify(body.slice(0, 60))}, whatever its status`, () => {
      for (const status of [200, 400, 500]) {
        assert.equal(refusesToken(at, status, bytes(body)), isRefused);
        // What axios hands over has no byte order mark any more.
        assert.equal(refusesToken(at, status, body.replace('\uFEFF', '')), isRefused);
      }
    });
  }

  it('is one by its status, whatever it says', () => {
    assert.ok(refusesToken(at, 401, bytes('{"error":"other"}')));
    assert.ok(refusesToken({ ...at, replayOn: [403] }, 403, undefined));
    assert.ok(!refusesToken(at, 403, undefined));
  });

  it('is judged by its status alone where the settings say no more', () => {
    assert.ok(!refusesToken({ replayOn: [401] }, 200, bytes('{"error":"token_expired"}')));
  });

  it('may say so deep inside, also by a name that every object has', () => {
    const deep = { replayOn: [], refusal: { member: 'meta.constructor', values: [7] } };
    assert.ok(refusesToken(deep, 200, '{"meta":{"constructor":7}}'));
    assert.ok(!refusesToken(deep, 200, '{"meta":{}}'));
  });
});

describe('an API that refuses a token by what it says', () => {
  let api: LocalServer;
  /** The access tokens in the order in which they came. */
  let came: string[] = [];
  let good = '';
  before(async () => {
    const server = createServer((request, response) => {
      const token = (request.headers.authorization ?? '').replace('Bearer ', '');
      came.push(token);
      request.resume().on('end', () => {
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify(token === good ? { ok: true } : { ok: false, error: 'token_expired' }),
        );
      });
    });
    api = await listen(server, 0);
  });
  after(() => api.stop());

  const start = (settings: object = { refusal }) => {
    const { call, client, renewals } = connectionAt(api.url, settings);
    const ways: Readonly<Record<string, () => Promise<unknown>>> = {
      'connections-call': async () => {
        const { body } = await call({ method: 'POST', path: '/me', body: '{}' });
        return JSON.parse(Buffer.from(body).toString());
      },
      'the axios client': async () => (await client.post('/me', {})).data,
      'the axios client, in bytes': async () => {
        const { data } = await client.post<Buffer>('/me', {}, { responseType: 'arraybuffer' });
        return JSON.parse(data.toString());
      },
    };
    return { ways, client, renewals };
  };
  beforeEach(() => {
    came = [];
    good = 'token-2';
  });

  for (const what of ['connections-call', 'the axios client', 'the axios client, in bytes']) {
    it(`has ${what} renew the token once and send again once`, async () => {
      const { ways, renewals } = start();
      assert.deepEqual(await ways[what]?.(), { ok: true });
      assert.deepEqual(came, ['token-1', 'token-2']);
      assert.equal(renewals(), 1);
    });

    it(`has all callers of ${what} share one renewal`, async () => {
      const { ways, renewals } = start();
      const all = await Promise.all(Array.from({ length: 20 }, () => ways[what]?.()));
      assert.deepEqual(all, Array(20).fill({ ok: true }));
      assert.equal(renewals(), 1);
    });

    it(`hands ${what} its answer where it refuses the newest token as well`, async () => {
      good = 'none';
      const { ways, renewals } = start();
      for (let i = 0; i < 3; i += 1) {
        assert.deepEqual(await ways[what]?.(), { ok: false, error: 'token_expired' });
      }
      assert.equal(renewals(), 1);
    });

    it(`is believed by ${what} where the settings do not say so`, async () => {
      const { ways, renewals } = start({});
      assert.deepEqual(await ways[what]?.(), { ok: false, error: 'token_expired' });
      assert.equal(renewals(), 0);
    });
  }

  it('is not understood in a stream, which is for its reader', async () => {
    const { client, renewals } = start();
    const { data } = await client.get('/me', { responseType: 'stream' });
    let text = '';
    for await (const chunk of data) text += String(chunk);
    assert.equal(text, '{"ok":false,"error":"token_expired"}');
    assert.equal(renewals(), 0);
  });
});
