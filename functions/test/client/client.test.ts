import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { type AxiosError, type AxiosInstance, isAxiosError, isCancel } from 'axios';
import { errorOf, refuses } from '../harness/errors.ts';
import { createWorld, type World } from '../harness/world.ts';

const lifetimeSeconds = 300;
const time = { timeoutMs: 30_000 };

/** What the API's /echo says of a request. */
interface Echo {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly authorization: { readonly scheme: string; readonly accountId: string | null };
  readonly body: string;
}

describe('the axios client of a connection', function () {
  this.timeout(60_000);
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());

  let id: string;
  let client: AxiosInstance;
  beforeEach(async () => {
    await world.reset();
    ({ id } = await world.connect('ada'));
    client = await world.suite.connections.client('ada', 'sandbox', time);
    world.provider.resetCounters();
  });

  const apiCalls = () => world.provider.counters().apiCalls.total;
  const tokenRequests = () => world.provider.counters().tokenRequests.total;
  const axiosErrorOf = async (work: Promise<unknown>): Promise<AxiosError> => {
    const error: unknown = await work.then(
      () => assert.fail('not refused'),
      (reason: unknown) => reason,
    );
    assert.ok(isAxiosError(error), inspect(error));
    return error;
  };
  const statusOf = async (work: Promise<unknown>) => (await axiosErrorOf(work)).response?.status;

  it('calls the API as its user, below the base URL, by every way that axios has', async () => {
    const { data } = await client.get<Echo>('/echo/x?a=1', { params: { b: [2, 3] } });
    assert.deepEqual(data.authorization, { present: true, scheme: 'Bearer', accountId: 'ada' });
    assert.deepEqual([data.path, data.query], ['/api/echo/x', { a: '1', 'b[]': ['2', '3'] }]);
    const { data: posted } = await client.post<Echo>('echo', { said: 'é' });
    assert.deepEqual([posted.method, posted.body], ['POST', '{"said":"é"}']);
    const { data: whole } = await client<Echo>(`${world.provider.url}/api/echo?c=4`);
    assert.equal(whole.query['c'], '4');
    assert.equal(
      (await client.create({ params: { d: 5 } }).get<Echo>('/echo')).data.query['d'],
      '5',
    );
  });

  it('does a call with a cached token without Firestore and Secret Manager', async () => {
    const work = async () => {
      const again = await world.suite.connections.client('ada', id, time);
      await again.get('/me');
      await again.get('/me');
    };
    assert.deepEqual(await world.costOf(work), { reads: 0, writes: 0 });
  });

  describe('keeps the credential to itself', () => {
    it('in what interceptors see, in answers, errors and streams', async () => {
      const { accessToken } = await world.suite.connections.getAccessToken('ada', id, time);
      const seen: unknown[] = [];
      client.interceptors.request.use((config) => {
        seen.push({ ...config });
        return config;
      });
      client.interceptors.response.use((answer) => {
        seen.push(answer);
        return answer;
      });
      seen.push(await client.get('/me'));
      seen.push(await axiosErrorOf(client.get('/status/404')));
      seen.push((await client.get<Readable>('/bytes/100', { responseType: 'stream' })).data);
      world.provider.addFault({ endpoint: 'api', drop: 'before' });
      seen.push(await axiosErrorOf(client.post('/echo', {})));
      assert.equal(seen.length, 10);
      for (const one of seen) {
        const shown = inspect(one, { depth: 12, showHidden: true });
        assert.ok(!shown.includes(accessToken), shown);
      }
    });

    for (const name of [
      'authorization',
      'Cookie',
      'HOST',
      'proxy-authorization',
      'X-Forwarded-For',
      'content-length',
    ])
      it(`refuses the header ${name}`, async () => {
        await refuses('header_not_allowed', client.get('/me', { headers: { [name]: 'x' } }), {
          field: name.toLowerCase(),
        });
        assert.equal(apiCalls(), 0);
      });

    it('refuses the option auth, and a credential that an interceptor adds', async () => {
      const auth = { username: 'a', password: 'b' };
      await refuses('header_not_allowed', client.get('/me', { auth }));
      client.interceptors.request.use((config) => {
        config.headers.set('Authorization', 'Bearer other');
        return config;
      });
      await refuses('header_not_allowed', client.get('/me'));
      assert.equal(apiCalls(), 0);
    });

    const elsewhere = [
      'https://evil.example/api/me',
      '//evil.example/api/me',
      'http://localhost:1/api/me',
      'http://user@127.0.0.1/api/me',
      'file:///etc/passwd',
      '/../token',
      '/%2e%2e/token',
      '/a/..;/b',
      '\\\\evil.example\\me',
    ];
    for (const url of elsewhere)
      it(`never leaves the API's address: ${url}`, async () => {
        await refuses('path_not_allowed', client.get(url));
        assert.equal(apiCalls(), 0);
      });

    it('refuses the same host beside the base path, and another base', async () => {
      await refuses('path_not_allowed', client.get(`${world.provider.url}/token`));
      await refuses('path_not_allowed', client.get(`${world.provider.url}/apis/me`));
      await refuses('path_not_allowed', client.get('/me', { baseURL: 'https://evil.example' }));
    });

    it('follows no redirect', async () => {
      const to = `${world.provider.url}/api/me`;
      const error = await axiosErrorOf(
        client.get('/redirect', { params: { to }, maxRedirects: 5 }),
      );
      assert.equal(error.response?.status, 302);
      assert.equal(apiCalls(), 1);
    });

    it('looks at no option that chooses another connection', async () => {
      const around = {
        proxy: { host: '127.0.0.1', port: 1 },
        socketPath: '/nowhere',
        httpAgent: {},
        transport: {},
        lookup: () => assert.fail('was asked'),
      };
      assert.equal((await client.get('/me', around)).status, 200);
    });
  });

  describe('when the API refuses the token', () => {
    it('replays 50 calls with one refresh', async () => {
      await client.get('/me');
      world.provider.expireAccessTokens();
      const all = Array.from({ length: 50 }, () => client.get('/me'));
      assert.deepEqual([...new Set((await Promise.all(all)).map(({ status }) => status))], [200]);
      assert.equal(tokenRequests(), 1);
    });

    it('refreshes once for 50 calls with an expired token', async () => {
      world.clock.advance((lifetimeSeconds + 1) * 1_000);
      await Promise.all(Array.from({ length: 50 }, () => client.get('/me')));
      assert.deepEqual([tokenRequests(), apiCalls()], [1, 50]);
    });

    it('sends the body again: JSON, bytes and a form', async () => {
      const form = new FormData();
      form.set('name', 'Ada');
      for (const body of [{ a: 1 }, Buffer.from('bytes'), form]) {
        world.provider.addFault({ endpoint: 'api', status: 401 });
        const { data } = await client.post<Echo>('/echo', body);
        assert.match(data.body, /^\{"a":1\}$|^bytes$|name="name"\r\n\r\nAda\r\n/);
      }
    });

    it('hands on the 401 of a stream, which it cannot send again; the next call works', async () => {
      await client.get('/me');
      world.provider.expireAccessTokens();
      const upload = () => client.post('/echo', Readable.from(['once']));
      world.provider.addFault({ endpoint: 'api', status: 401 });
      assert.equal(await statusOf(upload()), 401);
      assert.equal((await client.get('/me')).status, 200);
      assert.equal(tokenRequests(), 1);
    });

    it('takes one token request, however many calls an API refuses that refuses all', async () => {
      world.provider.addFault({ endpoint: 'api', status: 401, times: 1_000 });
      for (let i = 0; i < 10; i += 1) assert.equal(await statusOf(client.get('/me')), 401);
      const refused = Array.from({ length: 10 }, () => statusOf(client.get('/me')));
      assert.deepEqual([...new Set(await Promise.all(refused))], [401]);
      assert.equal(await world.call('ada', id), 401);
      assert.equal(tokenRequests(), 1);
      world.clock.advance(60_000);
      for (let i = 0; i < 3; i += 1) assert.equal(await statusOf(client.get('/me')), 401);
      assert.equal(tokenRequests(), 2);
      world.provider.clearFaults();
      assert.equal((await client.get('/me')).status, 200);
    });

    it('believes a token that another instance got meanwhile', async () => {
      world.provider.addFault({ endpoint: 'api', status: 401, times: 2 });
      assert.equal(await statusOf(client.get('/me')), 401);
      const { generation } = await world.vault(id);
      world.provider.expireAccessTokens();
      const other = world.newSuite();
      assert.equal(await world.call('ada', id, other), 200);
      world.clock.advance(60_000);
      assert.equal((await client.get('/me')).status, 200);
      assert.equal((await world.vault(id)).generation, generation + 1);
    });
  });

  describe('when the API cannot answer now', () => {
    const fault = (status: number, headers: Record<string, string> = {}, times = 1) =>
      world.provider.addFault({ endpoint: 'api', status, headers, times });
    const durationOf = async (work: Promise<unknown>) => {
      const startedAt = performance.now();
      await work;
      return performance.now() - startedAt;
    };

    const told: readonly [title: string, status: number, headers: () => Record<string, string>][] =
      [
        ['Retry-After in seconds', 429, () => ({ 'retry-after': '1' })],
        [
          'Retry-After as a date',
          503,
          () => ({ 'retry-after': new Date(Date.now() + 2_000).toUTCString() }),
        ],
        ['RateLimit', 429, () => ({ ratelimit: '"default";r=0;t=1' })],
        [
          'X-RateLimit-Reset',
          429,
          () => ({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' }),
        ],
      ];
    for (const [title, status, headers] of told)
      it(`waits as long as ${title} says`, async () => {
        fault(status, headers());
        assert.ok((await durationOf(client.get('/me'))) >= 990);
        assert.equal(apiCalls(), 2);
      });

    it('hands the answer on at once where the wait would outlast the deadline', async () => {
      fault(429, { 'retry-after': '3600' });
      const error = await axiosErrorOf(client.get('/me'));
      assert.deepEqual([error.response?.status, apiCalls()], [429, 1]);
      assert.equal(error.response?.headers['retry-after'], '3600');
    });

    for (const status of [502, 503, 504])
      it(`tries GET again after ${status}, and then no more than three times`, async () => {
        fault(status, {}, 2);
        assert.equal((await client.get('/me')).status, 200);
        assert.equal(apiCalls(), 3);
        fault(status, {}, 10);
        assert.equal(await statusOf(client.get('/me')), status);
        assert.equal(apiCalls(), 7);
      });

    for (const status of [429, 502, 503, 504])
      it(`never tries POST again after ${status}, but with an idempotency key`, async () => {
        fault(status, { 'retry-after': '0' });
        assert.equal(await statusOf(client.post('/echo', {})), status);
        assert.equal(apiCalls(), 1);
        fault(status, { 'retry-after': '0' });
        const headers = { 'Idempotency-Key': 'one' };
        assert.equal((await client.post('/echo', {}, { headers })).status, 200);
        assert.equal(apiCalls(), 3);
      });

    it('leaves alone what does not pass by itself', async () => {
      assert.equal(await statusOf(client.get('/status/500')), 500);
      assert.equal(apiCalls(), 1);
    });

    for (const drop of ['before', 'after', 'within'] as const)
      it(`tries GET again where the connection is cut ${drop} the answer, and never POST`, async () => {
        world.provider.addFault({ endpoint: 'api', drop });
        assert.equal((await client.get('/me')).status, 200);
        assert.equal(apiCalls(), 2);
        world.provider.addFault({ endpoint: 'api', drop });
        const error = await axiosErrorOf(client.post('/echo', {}));
        assert.deepEqual([error.code, apiCalls()], ['ERR_NETWORK', 3]);
      });
  });

  describe('streams', () => {
    it('downloads more than an answer in memory may have, at the pace of its reader', async () => {
      const path = '/bytes/20000000';
      await refuses('answer_too_large', client.get(path, { responseType: 'arraybuffer' }));
      const { data } = await client.get<Readable>(path, { responseType: 'stream' });
      assert.equal((await buffer(data)).length, 20_000_000);
      const whole = await client.get(path, { responseType: 'arraybuffer', maxContentLength: 3e7 });
      assert.equal(whole.data.length, 20_000_000);
    });

    it('uploads a stream, a form and a blob', async () => {
      const streamed = await client.put<Echo>('/echo', Readable.from(['a', 'b']));
      assert.deepEqual(
        [streamed.data.body, streamed.data.headers['transfer-encoding']],
        ['ab', 'chunked'],
      );
      const blob = await client.put<Echo>('/echo', new Blob(['blob'], { type: 'text/plain' }));
      assert.deepEqual([blob.data.body, blob.data.headers['content-length']], ['blob', '4']);
      const parts = new FormData();
      parts.set('file', new Blob(['inside']), 'a.txt');
      const form = await client.post<Echo>('/echo', parts);
      assert.match(form.data.body, /inside/);
      assert.match(`${form.data.headers['content-type']}`, /^multipart\/form-data; boundary=/);
    });

    it('retries before the answer is handed over', async () => {
      world.provider.addFault({ endpoint: 'api', status: 503 });
      const { data } = await client.get<Readable>('/bytes/10', { responseType: 'stream' });
      assert.equal((await buffer(data)).length, 10);
    });

    it('ends with the deadline while it is read, and says so', async () => {
      const short = await world.suite.connections.client('ada', id, { timeoutMs: 500 });
      const { data } = await short.get<Readable>('/bytes/60000000', { responseType: 'stream' });
      const reading = (async () => {
        for await (const _chunk of data) await new Promise((resolve) => setTimeout(resolve, 100));
      })();
      await refuses('deadline_exceeded', reading);
    });

    it('ends when the caller no longer wants it', async () => {
      const stop = new AbortController();
      const { data } = await client.get<Readable>('/bytes/60000000', {
        responseType: 'stream',
        signal: stop.signal,
      });
      const reading = buffer(data);
      stop.abort();
      assert.ok(isCancel(await reading.catch((error: unknown) => error)));
    });
  });

  describe('ends in time', () => {
    const hang = () => world.provider.addFault({ endpoint: 'api', delayMs: 20_000 });

    it('by its deadline, which all attempts share', async () => {
      hang();
      const short = await world.suite.connections.client('ada', id, { timeoutMs: 300 });
      const startedAt = performance.now();
      await refuses('deadline_exceeded', short.get('/me'));
      assert.ok(performance.now() - startedAt < 3_000);
    });

    it('by a moment that is given, and asks nobody once it is over', async () => {
      const deadlineAt = Date.now() + 400;
      const last = await world.suite.connections.client('ada', id, { ...time, deadlineAt });
      hang();
      await refuses('deadline_exceeded', last.get('/me'));
      await refuses('deadline_exceeded', last.get('/me'));
      assert.equal(apiCalls(), 1);
    });

    it("by axios' own timeout", async () => {
      hang();
      assert.equal((await axiosErrorOf(client.get('/me', { timeout: 200 }))).code, 'ECONNABORTED');
    });

    it('by an AbortSignal: before, during the request, and during a wait', async () => {
      const aborted = { signal: AbortSignal.abort() };
      assert.ok(isCancel(await client.get('/me', aborted).catch((error: unknown) => error)));
      assert.equal(apiCalls(), 0);
      for (const fault of [
        { delayMs: 20_000 },
        { status: 429, headers: { 'retry-after': '20' } },
      ]) {
        world.provider.addFault({ endpoint: 'api', ...fault });
        const work = client.get('/me', { signal: AbortSignal.timeout(200) });
        assert.ok(isCancel(await work.catch((error: unknown) => error)));
      }
      assert.equal(apiCalls(), 2);
    });
  });

  it('shows the interceptors of the caller one request and one answer, however often it was sent', async () => {
    let requests = 0;
    let answers = 0;
    client.interceptors.request.use((config) => {
      requests += 1;
      config.headers.set('x-added', 'yes');
      return config;
    });
    client.interceptors.response.use((answer) => {
      answers += 1;
      return answer;
    });
    world.provider.addFault({ endpoint: 'api', status: 401 });
    world.provider.addFault({ endpoint: 'api', status: 503 });
    assert.equal((await client.get<Echo>('/echo')).data.headers['x-added'], 'yes');
    assert.deepEqual([requests, answers, apiCalls()], [1, 1, 3]);
  });

  it('believes validateStatus, and hands answers on that it lets pass', async () => {
    const { status } = await client.get('/status/418', { validateStatus: () => true });
    assert.equal(status, 418);
  });

  it('tells what the vault says in its own errors', async () => {
    world.provider.revokeGrants();
    world.clock.advance((lifetimeSeconds + 1) * 1_000);
    const error = await errorOf(client.get('/me'));
    assert.equal(error.code, 'needs_reauth');
  });
});
