import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type LocalServer, listen } from '../../../sandbox/http/local-server.ts';
import { startProxyBefore } from '../proxy/proxied.ts';
import { connectionAt } from './connection-at.ts';

const accept = 'application/vnd.example+json; version=3';
const settings = {
  apiHeaders: { accept, 'client-id': '{client_id}', 'api-version': '1' },
  requestHeaders: ['api-version'],
};

describe('headers of every call', () => {
  let api: LocalServer;
  let came: IncomingHttpHeaders = {};
  before(async () => {
    const server = createServer((request, response) => {
      came = request.headers;
      request.resume().on('end', () => response.end('{}'));
    });
    api = await listen(server, 0);
  });
  after(() => api.stop());

  type Ask = (headers: Readonly<Record<string, string>>) => Promise<unknown>;
  const ways: Readonly<Record<string, () => Ask>> = {
    'connections-call': () => {
      const { call } = connectionAt(api.url, settings);
      return (headers) => call({ method: 'GET', path: '/me', headers });
    },
    'the axios client': () => {
      const { client } = connectionAt(api.url, settings);
      return (headers) => client.get('/me', { headers });
    },
    'the proxy': () => async (headers) => {
      const proxied = await startProxyBefore(api.url, { provider: settings });
      try {
        await (await fetch(`${proxied.url}/me`, { headers })).arrayBuffer();
      } finally {
        await proxied.stop();
      }
    },
  };
  for (const [what, begin] of Object.entries(ways)) {
    it(`go with those of ${what}, also where a library takes anything by itself`, async () => {
      const ask = begin();
      for (const own of [{}, { accept: '*/*' }, { accept: 'application/json, text/plain, */*' }]) {
        await ask(own);
        assert.equal(came.accept, accept);
        assert.deepEqual([came['client-id'], came['api-version']], ['client', '1']);
      }
    });

    it(`give way to what the caller of ${what} sets himself`, async () => {
      await begin()({ accept: 'text/csv', 'api-version': '2' });
      assert.deepEqual([came.accept, came['api-version']], ['text/csv', '2']);
    });
  }
});
