import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import axios from 'axios';
import * as v from 'valibot';
import { createTokenCache } from '../../src/calls/access-token.ts';
import { createAuthorized } from '../../src/calls/authorized.ts';
import { createCallApi } from '../../src/calls/call.ts';
import { createEgress, type Egress, EgressError } from '../../src/egress/egress.ts';
import { StrongroomError } from '../../src/errors.ts';
import { log } from '../../src/logs.ts';
import { OAuthFailure } from '../../src/oauth/failure.ts';
import { createPartyFinder } from '../../src/oauth/party.ts';
import { spendRefreshToken } from '../../src/oauth/refresh-token.ts';
import { revoke } from '../../src/oauth/revocation.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type Provider, settingsSchema } from '../../src/providers/settings-schema.ts';
import { refusalOf } from '../../src/triggers/refusal.ts';
import { logged } from '../harness/logs.ts';
import { createMarks, everythingOf } from '../harness/marks.ts';
import { unlimited } from '../harness/unlimited.ts';

const timeoutMs = 300;

/** How the other side behaves, once it has the request; it may send back what it was sent. */
type Behaviour = (socket: Socket, request: Buffer) => void;

const head = (more: string) => `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${more}\r\n`;
const behaviours: Readonly<Record<string, Behaviour>> = {
  'gives no answer in time': () => {},
  'gives half an answer in time': (socket, request) => {
    socket.write(head('content-length: 100000\r\n'));
    socket.write(request);
  },
  'closes the connection': (socket) => socket.destroy(),
  'resets the connection': (socket) => socket.resetAndDestroy(),
  'closes the connection within the answer': (socket, request) => {
    socket.write(head('content-length: 100000\r\n'));
    socket.end(request);
  },
  'resets the connection within the answer': (socket, request) => {
    socket.write(head('content-length: 100000\r\n'));
    socket.write(request, () => socket.resetAndDestroy());
  },
  'gives too large an answer': (socket, request) => {
    socket.write(head(''));
    socket.write(request);
    socket.end(Buffer.alloc(11_000_000, request));
  },
  'gives an answer that is not HTTP': (socket, request) => socket.end(request),
  'gives headers that are too large': (socket, request) => {
    const echoed = `x-echo: ${request.toString('base64')}\r\n`;
    socket.end(head(echoed.repeat(200)));
  },
  'gives a body that does not unpack': (socket, request) => {
    socket.write(head(`content-encoding: gzip\r\ncontent-length: ${request.length}\r\n`));
    socket.end(request);
  },
  'gives chunks that are none': (socket, request) => {
    socket.write(head('transfer-encoding: chunked\r\n'));
    socket.end(request);
  },
};

describe('what an outgoing request carries is nowhere in what is thrown and logged', function () {
  this.timeout(20_000);

  const marks = createMarks();
  const accessToken = marks.make('access token');
  // Of characters that an error code may have as well.
  const refreshToken = `1//0a${randomBytes(32).toString('base64url')}`;
  marks.add('refresh token', refreshToken);
  const clientSecret = randomBytes(20).toString('hex');
  marks.add('client secret', clientSecret);
  const inBody = marks.make('body');
  const inQuery = marks.make('query');

  let server: Server;
  let behave: Behaviour = () => {};
  const sockets = new Set<Socket>();
  let url = '';
  before(async () => {
    server = createTcpServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('data', (request) => behave(socket, request));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    url = `http://127.0.0.1:${address.port}`;
  });
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  const providerAt = (base: string): Provider => {
    const { providers } = v.parse(settingsSchema, {
      app: { redirectUri: 'https://app.example/callback', returnTo: ['https://app.example/'] },
      providers: {
        one: {
          kind: 'oauth2',
          name: 'One',
          authorizationEndpoint: `${base}/authorize`,
          tokenEndpoint: `${base}/token`,
          revocationEndpoint: `${base}/revoke`,
          clientId: 'client',
          clientSecrets: [clientSecret],
          apiBaseUrl: `${base}/api`,
        },
      },
    });
    const { one } = providers;
    assert.ok(one);
    return { ...one, id: 'one' };
  };
  const tokenSet = {
    accessToken,
    refreshToken,
    tokenType: 'bearer',
    scopes: [],
    obtainedAt: 0,
  };
  /** Every request of the suite that carries something. */
  const requests = (egress: Egress, base: string): Readonly<Record<string, Promise<unknown>>> => {
    const provider = providerAt(base);
    const clock = systemClock;
    const opened = { tokenSet, generation: 1, uid: 'ada', provider };
    const tokens = createTokenCache(async () => opened, clock);
    const call = createCallApi({
      authorized: createAuthorized(tokens, clock),
      egress,
      limits: unlimited,
      clock,
    });
    const findParty = createPartyFinder({ egress, allowLoopback: true, timeoutMs });
    const request = {
      method: 'POST',
      path: '/things',
      query: { q: inQuery },
      headers: { prefer: inBody },
      body: inBody,
    };
    return {
      'a call': call({ uid: 'ada' }, 'c', request, clock.ticks() + timeoutMs),
      'a refresh': findParty(provider).then((party) => spendRefreshToken(party, tokenSet)),
      'a revocation': findParty(provider).then((party) => revoke(party, tokenSet)),
      'the bare request': egress({
        url: new URL(`${base}/?${new URLSearchParams({ q: inQuery })}`),
        method: 'POST',
        headers: { authorization: `Bearer ${accessToken}` },
        body: inBody,
        timeoutMs,
        maxBytes: 100_000,
      }),
    };
  };
  const keepsSilent = async (egress: Egress, base: string) => {
    const settled = Object.entries(requests(egress, base)).map(async ([what, work]) => {
      const error: unknown = await work.then(
        () => assert.fail(`${what} has not failed`),
        (reason: unknown) => reason,
      );
      const isOurs = [EgressError, OAuthFailure, StrongroomError].some(
        (type) => error instanceof type,
      );
      assert.ok(isOurs, `${what} failed by something foreign`);
      assert.ok(error instanceof Error && error.cause === undefined);
      log.refreshFailed('c', error);
      log.revocationFailed(error);
      log.settingsKept(error);
      log.unexpected('test', error);
      const told = error instanceof OAuthFailure ? error.toStrongroomError() : error;
      const seen = [error, told, refusalOf('test', told)].map(everythingOf).join('\n');
      assert.deepEqual(marks.find(seen), [], what);
    });
    await Promise.all(settled);
    assert.ok(logged().length > 0);
    assert.deepEqual(marks.find(logged().join('\n')), []);
  };

  it('though it is all in what axios throws, and is found there', async () => {
    behave = behaviours['closes the connection'] ?? behave;
    const error: unknown = await axios
      .post(`${url}/?${new URLSearchParams({ q: inQuery })}`, `refresh_token=${refreshToken}`, {
        headers: { authorization: `Bearer ${accessToken}` },
        proxy: false,
      })
      .catch((reason: unknown) => reason);
    assert.ok(axios.isAxiosError(error));
    const { config, message } = error;
    const found = marks.find(everythingOf({ config, message })).map(({ name }) => name);
    assert.deepEqual([...new Set(found)].sort(), ['access token', 'query', 'refresh token']);
  });

  for (const [what, behaviour] of Object.entries(behaviours)) {
    it(`when the other side ${what}`, async () => {
      behave = behaviour;
      await keepsSilent(createEgress({ allowLoopback: true }), url);
    });
  }

  it('when nobody listens', async () => {
    // Bound and closed again: nobody has it now.
    const closed = createTcpServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const address = closed.address();
    assert.ok(typeof address === 'object' && address !== null);
    await new Promise((resolve) => closed.close(resolve));
    await keepsSilent(createEgress({ allowLoopback: true }), `http://127.0.0.1:${address.port}`);
  });

  it('when the other side speaks no TLS', async () => {
    behave = (socket, request) => socket.end(request);
    const egress = createEgress({ allowLoopback: true });
    await keepsSilent(egress, url.replace('http:', 'https:'));
  });

  const names: Readonly<Record<string, Parameters<typeof createEgress>[0]['resolve']>> = {
    'cannot be found': () =>
      Promise.reject(Object.assign(new Error(`no ${accessToken}`), { code: 'ENOTFOUND' })),
    'cannot be asked for': () =>
      Promise.reject(Object.assign(new Error(`no ${accessToken}`), { code: 'EAI_AGAIN' })),
    'leads to nothing': async () => [],
    'leads into the private network': async () => [{ address: '10.0.0.1', family: 4 }],
    'leads to no address': async () => [{ address: 'nowhere', family: 4 }],
  };
  for (const [what, resolve] of Object.entries(names)) {
    it(`when the name ${what}`, async () => {
      const egress = createEgress({ allowLoopback: true, ...(resolve && { resolve }) });
      await keepsSilent(egress, 'https://one.example');
    });
  }

  it('when a header cannot be sent', async () => {
    const egress = createEgress({ allowLoopback: true });
    const spoilt: Egress = (request) =>
      egress({ ...request, headers: { ...request.headers, 'x-spoilt': `${accessToken}\u0100` } });
    await keepsSilent(spoilt, url);
  });

  for (const status of [400, 401, 403, 429, 500, 503]) {
    for (const [what, error] of [
      ['as its error', (text: string) => text],
      ['as its error, in words', () => `no refresh token ${refreshToken} of ${clientSecret}`],
      ['beside its error', () => 'strange_error'],
    ] as const) {
      it(`when a ${status} sends it all back ${what}`, async () => {
        behave = (socket, request) => {
          const all = request.toString('latin1');
          const body = JSON.stringify({
            error: error(refreshToken),
            error_description: all,
            error_uri: `https://one.example/?${all}`,
          });
          const challenge = status === 401 ? `www-authenticate: Basic realm="${clientSecret}"` : '';
          const lines = [challenge, 'content-type: application/json', 'connection: close'];
          const more = [...lines.filter(Boolean), `content-length: ${Buffer.byteLength(body)}`];
          socket.end(`HTTP/1.1 ${status} No\r\n${more.join('\r\n')}\r\n\r\n${body}`);
        };
        const all = requests(createEgress({ allowLoopback: true }), url);
        for (const what of ['a refresh', 'a revocation']) {
          const failure: unknown = await all[what]?.catch((reason: unknown) => reason);
          assert.ok(failure instanceof OAuthFailure, what);
          log.refreshFailed('c', failure);
          const told = refusalOf('test', failure.toStrongroomError());
          const seen = [failure, told].map(everythingOf).join('\n');
          assert.deepEqual(marks.find(`${seen}\n${logged().join('\n')}`), [], what);
        }
        // The API's own answer is its caller's; nobody else sees it.
        await Promise.all([all['a call'], all['the bare request']]);
        assert.deepEqual(marks.find(logged().join('\n')), []);
      });
    }
  }
});
