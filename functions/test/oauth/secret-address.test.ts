import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type LocalServer, listen } from '../../../sandbox/http/local-server.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { log } from '../../src/logs.ts';
import { asOAuthFailure, asToldFailure } from '../../src/oauth/failure.ts';
import { createPartyFinder, type Party } from '../../src/oauth/party.ts';
import { spendRefreshToken } from '../../src/oauth/refresh-token.ts';
import { revoke } from '../../src/oauth/revocation.ts';
import { parseSettings } from '../../src/providers/settings.ts';
import { logged } from '../harness/logs.ts';
import { createMarks, everythingOf } from '../harness/marks.ts';
import { exchangeAt } from './wired.ts';

const marks = createMarks();
const clientSecret = marks.make('client secret');
const accessToken = marks.make('access token');
const refreshToken = marks.make('refresh token');

const byGet = { method: 'GET', grantType: 'exchange', tokenParameter: 'token' };

/** Requests whose address holds something secret, since there are providers that take nothing else. */
const requests: Readonly<Record<string, [entry: object, ask: (party: Party) => Promise<unknown>]>> =
  {
    'a refresh by GET': [
      { quirks: ['token-by-get'] },
      (party) => spendRefreshToken(party, { refreshToken }),
    ],
    'an exchange by GET for a token that lives longer': [
      { longLivedToken: byGet },
      (party) => exchangeAt(party),
    ],
    'the renewal of such a token by GET': [
      { longLivedToken: { ...byGet, refresh: byGet } },
      (party) => spendRefreshToken(party, { refreshToken }),
    ],
    'a revocation by GET': [
      {
        revocation: {
          method: 'GET',
          by: 'none',
          format: 'query',
          parameters: { t: '{access_token}' },
        },
      },
      (party) => revoke(party, { accessToken, refreshToken }),
    ],
  };

const json = { 'content-type': 'application/json' };

/** What a provider can do with an address. */
const answers: Readonly<Record<string, (address: string, response: ServerResponse) => unknown>> = {
  'no answer': (_address, response) => response.destroy(),
  'half an answer': (address, response) => {
    response.writeHead(200, { ...json, 'content-length': 9_999 }).write(`{"error":"${address}`);
    setImmediate(() => response.destroy());
  },
  'a redirect to elsewhere': (address, response) =>
    response.writeHead(302, { location: address.replace('/token', '/elsewhere') }).end(),
  'a redirect that keeps the method': (address, response) =>
    response.writeHead(307, { location: address.replace(/\/(token|revoke)/, '/elsewhere') }).end(),
  'an error that repeats it': (address, response) =>
    response
      .writeHead(400, json)
      .end(JSON.stringify({ error: address, error_description: address })),
  'an error page that repeats it': (address, response) => response.writeHead(500).end(address),
  'a page that repeats it': (address, response) => response.writeHead(200).end(address),
};

describe('an address with something secret in it', () => {
  let server: LocalServer;
  let answer: (address: string, response: ServerResponse) => unknown = () => assert.fail();
  const came: { readonly address: string; readonly headers: IncomingHttpHeaders }[] = [];
  before(async () => {
    const provider = createServer((request, response) => {
      const address = request.url ?? '';
      // A code is exchanged by POST for the token that is exchanged by GET.
      if (request.method === 'POST') {
        response.writeHead(200, json).end(JSON.stringify({ access_token: accessToken }));
        return;
      }
      came.push({ address, headers: request.headers });
      answer(address, response);
    });
    server = await listen(provider, 0);
  });
  after(() => server.stop());

  const partyWith = (entry: object) => {
    const one = {
      kind: 'oauth2',
      authorizationEndpoint: `${server.url}/authorize`,
      tokenEndpoint: `${server.url}/token`,
      revocationEndpoint: `${server.url}/revoke`,
      clientId: 'client',
      clientSecrets: [clientSecret],
      clientAuthentication: 'client_secret_post',
      apiBaseUrl: `${server.url}/api`,
      ...entry,
    };
    const app = { redirectUri: 'https://app.example/cb', returnTo: ['https://app.example/'] };
    const document = Buffer.from(JSON.stringify({ app, providers: { one } }));
    const { one: provider } = parseSettings(document, true).providers;
    const find = createPartyFinder({
      egress: createEgress({ allowLoopback: true }),
      allowLoopback: true,
    });
    return find({ ...(provider ?? assert.fail()), id: 'one' });
  };

  for (const [what, [entry, ask]] of Object.entries(requests)) {
    for (const [which, reply] of Object.entries(answers)) {
      it(`of ${what} shows itself nowhere after ${which}, and is asked once`, async () => {
        answer = reply;
        came.length = 0;
        const party = await partyWith(entry);
        const error: unknown = await ask(party).then(
          (told) => (told === true ? undefined : assert.fail('it was taken for an answer')),
          (thrown: unknown) => thrown,
        );
        const own = 'life' in party.provider ? party.provider.life : undefined;
        log.refreshFailed('connection', asOAuthFailure(error, own));
        const shown = [error, asToldFailure(error, own)].map(everythingOf);
        assert.deepEqual(marks.find([...shown, ...logged()].join('\n')), []);
        const [first = assert.fail('nothing was asked'), ...more] = came;
        assert.ok(marks.find(first.address).length > 0, 'there was nothing to be found');
        assert.equal(first.headers.referer, undefined);
        assert.deepEqual(more, []);
      });
    }
  }
});
