import assert from 'node:assert/strict';
import { importableOf, isRefusal } from '../../src/import/importable.ts';
import { jsonLinesOf } from '../../src/import/lines.ts';
import { fromDocument, fromNango } from '../../src/import/mapping.ts';
import { importTimes, spreadMs } from '../../src/import/times.ts';
import { parseSettings } from '../../src/providers/settings.ts';

const now = Date.parse('2026-06-01T12:00:00Z');
const hourMs = 3_600_000;
const mark = 'ya29.do-not-quote-me';

const provider = {
  kind: 'oauth2',
  authorizationEndpoint: 'https://p.example/authorize',
  tokenEndpoint: 'https://p.example/token',
  name: 'P',
  clientId: 'app',
  apiBaseUrl: 'https://p.example/api',
};
const { providers } = parseSettings(
  Buffer.from(
    JSON.stringify({
      app: { redirectUri: 'https://a.example/cb', returnTo: ['https://a.example/'] },
      providers: {
        p: provider,
        idle: { ...provider, life: { refreshTokenIdleSeconds: 30 * 86_400 } },
        desk: {
          ...provider,
          tokenEndpoint: 'https://{subdomain}.p.example/token',
          endpointHosts: ['*.p.example'],
          variables: { subdomain: { label: 'S', pattern: '[a-z]+', example: 'acme', by: 'user' } },
        },
        books: {
          ...provider,
          keep: ['region'],
          callbackParameters: ['company'],
          apiBaseUrl: 'https://{region}.p.example/v3/{company}',
          apiHosts: ['*.p.example'],
        },
        comma: { ...provider, scopeSeparator: ',', life: { accessTokenSeconds: 3_600 } },
      },
    }),
  ),
  false,
);

const context = { providers, epoch: undefined, now };
const judge = (value: unknown, more: object = {}) =>
  importableOf({ where: 'line 1', value }, { ...context, ...more });
const fit = (value: unknown, more: object = {}) => {
  const found = judge(value, more);
  assert.ok(!isRefusal(found), isRefusal(found) ? `${found.field}: ${found.reason}` : '');
  return found;
};
const good = { uid: 'ada', provider: 'p', accessToken: 'at-1', refreshToken: 'rt-1' };

describe('a line of an import', () => {
  const refused: readonly [what: string, value: unknown, field: string, reason: RegExp][] = [
    ['that is no object', mark, '(line)', /^must be Object$/],
    ['of a tenant that it cannot name', { ...good, provider: 'desk' }, 'provider', /variables/],
    ['with a field that nobody keeps', { ...good, fields: { [mark]: '1' } }, 'fields', /may have/],
    [
      'without what no refresh will tell',
      { ...good, provider: 'books' },
      'fields.company',
      /missing/,
    ],
    [
      'whose API is elsewhere by its path',
      { ...good, provider: 'books', fields: { company: '../7' } },
      'fields.company',
      /must be letters/,
    ],
    [
      'whose API is elsewhere by its host',
      { ...good, provider: 'books', fields: { company: '7', region: 'evil.example/' } },
      'fields',
      /apiHosts/,
    ],
    ['with an unknown field', { ...good, [mark]: 1 }, '(line)', /unknown field/],
    [
      'with an unknown field of its account',
      { ...good, account: { [mark]: 1 } },
      'account',
      /known are subject/,
    ],
    ['without uid', { ...good, uid: undefined }, 'uid', /missing/],
    ['whose uid is another path', { ...good, uid: `a/${mark}` }, 'uid', /must be a uid/],
    ['whose uid is no Unicode', { ...good, uid: '\ud800' }, 'uid', /well-formed/],
    ['of an unknown provider', { ...good, provider: 'q' }, 'provider', /not in the settings/],
    [
      'of a provider that all objects have',
      { ...good, provider: 'constructor' },
      'provider',
      /not in the settings/,
    ],
    [
      'without any token',
      { uid: 'ada', provider: 'p' },
      'accessToken',
      /missing, and refreshToken/,
    ],
    [
      'with a token that no header takes',
      { ...good, accessToken: `${mark}\n` },
      'accessToken',
      /printable ASCII/,
    ],
    ['of another token type', { ...good, tokenType: 'DPoP' }, 'tokenType', /Bearer/],
    ['with a wrong scope', { ...good, scopes: ['a b'] }, 'scopes.0', /scope token/],
    ['with scopes twice', { ...good, scopes: ['a'], scope: 'a' }, 'scope', /beside scopes/],
    [
      'with a time without its offset',
      { ...good, expiresAt: '2026-06-01T12:00:00' },
      'expiresAt',
      /ISO 8601/,
    ],
    [
      'with a time that is none',
      { ...good, expiresAt: '2026-13-41T12:00:00Z' },
      'expiresAt',
      /ISO 8601/,
    ],
    [
      'with a number of nobody knows what',
      { ...good, expiresAt: 1_780_000_000 },
      'expiresAt',
      /--epoch/,
    ],
    ['of the future', { ...good, obtainedAt: '2027-01-01T00:00:00Z' }, 'obtainedAt', /future/],
    [
      'with an id of another form',
      { ...good, connectionId: mark },
      'connectionId',
      /22 characters/,
    ],
    [
      'that has expired and cannot be refreshed',
      { uid: 'ada', provider: 'p', accessToken: mark, expiresAt: '2026-06-01T11:59:59Z' },
      'expiresAt',
      /over, and there is no refreshToken/,
    ],
  ];
  for (const [what, value, field, reason] of refused) {
    it(`${what} is refused by its field, and not quoted`, () => {
      const found = judge(value);
      assert.ok(isRefusal(found));
      assert.equal(found.field, field);
      assert.match(found.reason, reason);
      assert.doesNotMatch(JSON.stringify(found), /do-not-quote-me/);
    });
  }

  it('in milliseconds is refused where seconds were said', () => {
    const found = judge({ ...good, expiresAt: now }, { epoch: 'seconds' });
    assert.ok(isRefusal(found));
    assert.match(found.reason, /2126 in seconds/);
  });

  it('has its times in what was said', () => {
    const expiresAt = now + hourMs;
    for (const [epoch, value] of [
      ['seconds', expiresAt / 1_000],
      ['milliseconds', expiresAt],
      [undefined, '2026-06-01T15:00:00+02:00'],
    ] as const) {
      const { tokenSet } = fit({ ...good, expiresAt: value }, { epoch });
      assert.deepEqual([tokenSet.obtainedAt, tokenSet.expiresAt], [now, expiresAt]);
    }
  });

  it('takes null for what is not there, and the lifetime of the settings for an unknown one', () => {
    const obtainedAt = '2026-06-01T11:30:00Z';
    const line = {
      ...good,
      provider: 'comma',
      idToken: null,
      account: null,
      scope: 'a,b c',
      obtainedAt,
    };
    const { tokenSet, account } = fit(line);
    assert.deepEqual(tokenSet.scopes, ['a', 'b', 'c']);
    assert.equal(tokenSet.expiresAt, now + hourMs / 2);
    assert.deepEqual(account, {});
    assert.equal(tokenSet.idToken, undefined);
  });

  it('with a refresh token alone has no access token that anybody could be given', () => {
    const { tokenSet } = fit({ uid: 'ada', provider: 'p', refreshToken: 'rt' });
    assert.ok(tokenSet.expiresAt !== undefined && tokenSet.expiresAt < now);
  });

  it('may tell what calls need beside the tokens, and is another account by it', () => {
    const line = { ...good, provider: 'books', account: { subject: '1' } };
    const [one, two] = ['7', '8'].map((company) => fit({ ...line, fields: { company } }));
    assert.deepEqual(one?.tokenSet.extra, { company: '7' });
    assert.deepEqual([one?.account.subject, two?.account.subject], ['1@7', '1@8']);
    assert.notEqual(one?.id, two?.id);
  });

  it('has the same id always, and another for another user, provider or account', () => {
    const { id } = fit(good);
    assert.match(id, /^[\w-]{22}$/);
    assert.equal(fit({ ...good, accessToken: 'at-2' }).id, id);
    const others = [
      { ...good, uid: 'grace' },
      { ...good, provider: 'idle' },
      { ...good, refreshToken: 'rt-2' },
      { ...good, account: { subject: 'rt-1' } },
    ];
    assert.equal(new Set([id, ...others.map((other) => fit(other).id)]).size, 5);
    const ofAccount = fit({ ...good, account: { subject: 's' } }).id;
    assert.equal(fit({ ...good, account: { subject: 's' }, refreshToken: 'rt-2' }).id, ofAccount);
    assert.equal(fit({ ...good, connectionId: 'A'.repeat(22) }).id, 'A'.repeat(22));
  });
});

describe('the first refresh of an import', () => {
  const refreshAt = (line: object, dice: number, id = 'p') => {
    const settings = providers[id];
    assert.ok(settings);
    const importable = fit({ ...good, ...line, provider: id });
    return importTimes(importable, settings, now, () => dice).vault.refreshAt;
  };

  it('is spread over six hours where the end of its token is unknown or over', () => {
    for (const line of [{}, { expiresAt: '2026-06-01T11:00:00Z' }, { accessToken: null }]) {
      assert.equal(refreshAt(line, 0), now);
      assert.equal(refreshAt(line, 0.5), now + spreadMs / 2);
    }
  });

  it('is as any other where that is known', () => {
    const at = refreshAt({ expiresAt: '2026-06-01T13:00:00Z' }, 0);
    assert.equal(at, now + hourMs - 10 * 60_000);
  });

  it('comes soon where a refresh token of unknown age has an idle limit, well before that', () => {
    assert.equal(refreshAt({ expiresAt: '2026-06-01T13:00:00Z' }, 0.5, 'idle'), now + spreadMs / 2);
    // An hour is left of 30 days.
    const obtainedAt = new Date(now + hourMs - 30 * 24 * hourMs).toISOString();
    assert.equal(refreshAt({ obtainedAt }, 0.5, 'idle'), now + hourMs / 4);
  });

  it('does not come where there is nothing to refresh', () => {
    assert.equal(refreshAt({ refreshToken: null }, 0.5), null);
  });
});

describe('JSON lines', () => {
  const read = async (...chunks: Uint8Array[]) => {
    const found: unknown[] = [];
    const feed = async function* () {
      yield* chunks;
    };
    for await (const one of jsonLinesOf(feed())) found.push(one);
    return found;
  };

  it('come one by one, wherever the chunks are cut', async () => {
    const bytes = Buffer.from('\ufeff{"a":"é"}\r\n\n  \n{"a":2}');
    const expected = [
      { where: 'line 1', value: { a: 'é' } },
      { where: 'line 4', value: { a: 2 } },
    ];
    for (let at = 0; at <= bytes.length; at += 1) {
      assert.deepEqual(await read(bytes.subarray(0, at), bytes.subarray(at)), expected);
    }
  });

  it('that are too long, no UTF-8 or no JSON are refused alone, and not quoted', async () => {
    const lines = [
      Buffer.alloc(64 * 1024 + 1, 'x'),
      Buffer.from([0x22, 0xff, 0x22]),
      Buffer.from(`{"accessToken": ${mark}}`),
      Buffer.from('1'),
    ];
    const found = await read(...lines.flatMap((line) => [line, Buffer.from('\n')]));
    const field = '(line)';
    assert.deepEqual(found, [
      { where: 'line 1', field, reason: 'must have 64 KB at most' },
      { where: 'line 2', field, reason: 'is not UTF-8' },
      { where: 'line 3', field, reason: 'is not JSON' },
      { where: 'line 4', value: 1 },
    ]);
  });
});

describe('other formats', () => {
  const nango = {
    id: 1,
    connection_id: 'c-1',
    provider: 'google',
    provider_config_key: 'google-mail',
    end_user: { id: 'ada', email: 'ada@example.com' },
    tags: { end_user_id: 'tagged' },
    metadata: {},
    credentials: {
      type: 'OAUTH2',
      access_token: 'at',
      refresh_token: 'rt',
      expires_at: '2026-06-01T13:00:00.000Z',
      raw: { scope: 'a b', id_token: 'it', token_type: 'Bearer', extra: 1 },
    },
  };
  const mapping = { providers: new Map([['google-mail', 'p']]), uidFrom: 'end_user.id' };
  const ofNango = (value: unknown, uidFrom = 'end_user.id') =>
    importableOf(fromNango({ where: 'line 1', value }, { ...mapping, uidFrom }), context);

  it('take a connection of Nango with all that the vault keeps', () => {
    const found = ofNango(nango);
    assert.ok(!isRefusal(found));
    assert.deepEqual([found.uid, found.provider], ['ada', 'p']);
    const { accessToken, refreshToken, idToken, scopes, expiresAt } = found.tokenSet;
    assert.deepEqual([accessToken, refreshToken, idToken, scopes], ['at', 'rt', 'it', ['a', 'b']]);
    assert.equal(expiresAt, now + hourMs);
    const tagged = ofNango(nango, 'tags.end_user_id');
    assert.ok(!isRefusal(tagged));
    assert.equal(tagged.uid, 'tagged');
  });

  it('know a connection of Nango again after its tokens were refreshed there', () => {
    const later = { ...nango, credentials: { ...nango.credentials, refresh_token: 'rt-2' } };
    const [one, two] = [ofNango(nango), ofNango(later)];
    assert.ok(!isRefusal(one) && !isRefusal(two));
    assert.equal(one.id, two.id);
  });

  it('refuse what is no OAuth 2 connection, or nobody’s', () => {
    for (const [value, field] of [
      [{ ...nango, credentials: { type: 'API_KEY', apiKey: mark } }, 'credentials.type'],
      [{ ...nango, provider_config_key: undefined }, 'provider_config_key'],
      [{ ...nango, end_user: null }, 'uid'],
      [null, 'credentials.type'],
    ] as const) {
      const found = ofNango(value);
      assert.ok(isRefusal(found));
      assert.equal(found.field, field);
    }
  });

  it('take a plain document whose id is the uid, and pass over one without tokens', () => {
    const paths = new Map([
      ['accessToken', 'spotify.access_token'],
      ['expiresAt', 'spotify.expires'],
      ['account.subject', 'spotify.id'],
    ] as const);
    const documents = { paths, provider: 'p', uidFrom: undefined };
    const data = { spotify: { access_token: 'at', expires: new Date(now + hourMs), id: 's' } };
    const sourced = fromDocument({ id: 'ada', path: 'users/ada', data }, documents);
    assert.ok(sourced);
    const found = importableOf(sourced, context);
    assert.ok(!isRefusal(found));
    assert.deepEqual(
      [found.where, found.uid, found.account],
      ['users/ada', 'ada', { subject: 's' }],
    );
    assert.equal(found.tokenSet.expiresAt, now + hourMs);
    const empty = { id: 'bob', path: 'users/bob', data: { spotify: { access_token: '' } } };
    assert.equal(fromDocument(empty, documents), undefined);
  });
});
