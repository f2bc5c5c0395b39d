import assert from 'node:assert/strict';
import { apiOf } from '../../src/calls/api-base.ts';
import { createLookUp } from '../../src/connections/account/look-up.ts';
import { EgressError, type OutgoingRequest } from '../../src/egress/egress.ts';
import { createPartyFinder } from '../../src/oauth/party.ts';
import { parseSettings } from '../../src/providers/settings.ts';

const app = { redirectUri: 'https://app.example/callback', returnTo: ['https://app.example/'] };
const desk = {
  kind: 'oauth2',
  name: 'Desk',
  authorizationEndpoint: 'https://id.desk.example/authorize',
  tokenEndpoint: 'https://id.desk.example/token',
  clientId: 'client',
  clientAuthentication: 'none',
  apiBaseUrl: '{base_uri}/v1',
  apiHosts: ['*.api.desk.example'],
  lookup: { endpoint: 'https://id.desk.example/whoami', keep: { base_uri: 'sites.0.url' } },
};
const good = { sites: [{ url: 'https://eu.api.desk.example', id: 12 }] };
const token = { accessToken: 'secret-token', tokenType: 'Bearer', scopes: [], obtainedAt: 0 };

interface Answer {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

/** Looks up for a connection that has these fields. */
async function looked(answer: Answer | Error, change: object = {}, extra = {}) {
  const document = { app, providers: { one: { ...desk, ...change } } };
  const { one } = parseSettings(Buffer.from(JSON.stringify(document)), false).providers;
  assert.ok(one);
  const asked: OutgoingRequest[] = [];
  const egress = async (request: OutgoingRequest) => {
    asked.push(request);
    if (answer instanceof Error) throw answer;
    const { status = 200, body = JSON.stringify(good), headers = {} } = answer;
    return { status, headers, body: new TextEncoder().encode(body) };
  };
  const provider = { ...one, id: 'one' };
  const party = await createPartyFinder({ egress, allowLoopback: false })(provider, { extra });
  const looking = createLookUp(egress)(party, { ...token, extra });
  return { looking, asked, provider };
}

describe('a look-up after connecting', () => {
  it('tells once where the API is, asked with the token', async () => {
    const { looking, asked, provider } = await looked({});
    const tokenSet = await looking;
    assert.deepEqual(tokenSet.extra, { base_uri: 'https://eu.api.desk.example' });
    assert.equal(apiOf(provider, tokenSet).base.href, 'https://eu.api.desk.example/v1');
    assert.deepEqual(
      asked.map(({ url, method, headers }) => [url.href, method, headers['authorization']]),
      [['https://id.desk.example/whoami', 'GET', 'Bearer secret-token']],
    );
  });

  it('adds to what is known, and takes numbers as well', async () => {
    const keep = { site_id: 'sites.0.id', base_uri: 'sites.0.url' };
    const { looking } = await looked({}, { lookup: { ...desk.lookup, keep } }, { user: 'x' });
    const { extra } = await looking;
    assert.deepEqual(extra, { user: 'x', site_id: '12', base_uri: good.sites[0]?.url });
  });

  it('goes where the settings say, with what is known in its place', async () => {
    const endpoint = 'https://eu.api.desk.example/accounts/{account}';
    const change = { keep: ['account'], lookup: { ...desk.lookup, endpoint } };
    const { looking, asked } = await looked({}, change, { account: '12' });
    await looking;
    assert.deepEqual(
      asked.map(({ url }) => url.href),
      ['https://eu.api.desk.example/accounts/12'],
    );
  });

  it('shows the token by the headers that the settings name for it, and by no other', async () => {
    const headers = { authorization: 'OAuth {access_token}', 'x-client': '{client_id}' };
    const change = {
      lookup: { ...desk.lookup, headers },
      apiHeaders: { 'x-site': '{base_uri}' },
      credential: { headers: { 'x-key': '{access_token}' } },
    };
    const { looking, asked } = await looked({}, change);
    await looking;
    const { authorization, ...rest } = asked[0]?.headers ?? {};
    assert.equal(authorization, 'OAuth secret-token');
    assert.deepEqual(rest, { accept: 'application/json', 'x-client': 'client' });
  });

  it('costs nothing where the settings have none', async () => {
    const none = { lookup: undefined, apiBaseUrl: 'https://desk.example/api' };
    const { looking, asked } = await looked({}, none, { user: 'x' });
    assert.deepEqual((await looking).extra, { user: 'x' });
    assert.deepEqual(asked, []);
  });

  const useless: Readonly<Record<string, Answer | Error>> = {
    fails: { status: 500 },
    'refuses the token': { status: 401 },
    'sends elsewhere': { status: 302, headers: { location: 'https://evil.example' } },
    'is no JSON': { body: '<html>' },
    'is empty': { body: '' },
    'is null': { body: 'null' },
    'tells nothing of it': { body: '{"sites": []}' },
    'tells what is no text': { body: '{"sites": [{"url": {"a": 1}}]}' },
    'tells an empty text': { body: '{"sites": [{"url": ""}]}' },
    'tells a number that is not exact': { body: '{"sites": [{"url": 12345678901234567890}]}' },
    'tells too much': { body: JSON.stringify({ sites: [{ url: 'x'.repeat(2_049) }] }) },
    'tells what splits a line': { body: JSON.stringify({ sites: [{ url: 'a\r\nb' }] }) },
    'does not come': new EgressError('dropped', 'unknown'),
  };
  for (const [what, answer] of Object.entries(useless)) {
    it(`fails where the answer ${what}, and says nothing of the token`, async () => {
      const { looking } = await looked(answer);
      await assert.rejects(looking, (error: unknown) => {
        const { code, message } = Object(error);
        assert.equal(code, 'provider_answer_invalid');
        assert.doesNotMatch(message, /secret-token/);
        return true;
      });
    });
  }

  it('says so where its address may not be called', async () => {
    const { looking } = await looked(new EgressError('refused', 'no'));
    await assert.rejects(looking, { code: 'egress_refused' });
  });

  for (const account of ['', '..', 'a/b', '%2e%2e', 'a?b', 'a#b']) {
    it(`asks nobody where what is known would lead elsewhere: ${account}`, async () => {
      const endpoint = 'https://id.desk.example/accounts/{account}/site';
      const change = { keep: ['account'], lookup: { ...desk.lookup, endpoint } };
      const { looking, asked } = await looked({}, change, { account });
      await assert.rejects(looking, { code: 'provider_answer_invalid' });
      assert.deepEqual(asked, []);
    });
  }

  it('asks no host that the settings do not name, whatever is known', async () => {
    const change = {
      keep: ['host'],
      lookup: { ...desk.lookup, endpoint: 'https://{host}.api.desk.example/me' },
    };
    for (const host of ['evil.example/', 'evil.example#', 'u@evil.example', 'evil.example:1/']) {
      const { looking, asked } = await looked({}, change, { host });
      await assert.rejects(looking, { code: 'provider_answer_invalid' });
      assert.deepEqual(asked, []);
    }
  });
});
