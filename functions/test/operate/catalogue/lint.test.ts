import assert from 'node:assert/strict';
import { type EntryFile, readEntries, schemaOf } from '../../../../operate/catalogue/files.ts';
import { lineOf, lint } from '../../../../operate/catalogue/lint.ts';

const options = { today: '2026-11-22', maxAgeDays: 365 };

const variable = { label: 'Region', pattern: '[a-z]{2}', example: 'eu' };
const provider = {
  kind: 'oauth2',
  authorizationEndpoint: 'https://music.acme.io/authorize',
  tokenEndpoint: 'https://music.acme.io/token',
  apiBaseUrl: 'https://api.acme.io/v1',
  apiHosts: ['*.acme.io'],
  profile: { endpoint: '/me', map: { sub: 'id' } },
  life: { rotation: 'none', accessTokenSeconds: 3600 },
};
const token = { body: { access_token: 'invented', refresh_token: 'invented' } };
const samples = { token, profile: { body: { id: 'invented' } } };
const source = {
  url: 'https://docs.acme.io/oauth',
  readAt: '2026-11-01',
  facts: ['tokenEndpoint', 'life.rotation: none'],
};
const good = {
  $schema: schemaOf(false),
  name: 'Music',
  status: 'from documentation',
  register: { url: 'https://acme.io/developers', note: 'Settings, redirect URLs' },
  provider,
  samples,
  sources: [source],
  unsourced: ['life.accessTokenSeconds'],
};
const imported = {
  $schema: schemaOf(true),
  name: 'Tunes',
  status: 'imported',
  provider: {
    kind: 'oauth2',
    authorizationEndpoint: 'https://tunes.acme.io/authorize',
    tokenEndpoint: 'https://tunes.acme.io/token',
  },
  sources: [source],
};

const file = (value: unknown, id = 'music', isImported = false): EntryFile => ({
  id,
  path: `${id}.json`,
  isImported,
  value,
});
const linesFor = (...files: EntryFile[]) => lint(files, options).map(lineOf);
const withProvider = (change: object) => ({ ...good, provider: { ...provider, ...change } });
const byUser = { ...variable, by: 'user' };
const regional = { authorizationEndpoint: 'https://{region}.acme.io/authorize' };

/** What is wrong with it, and the one line that says so. */
const broken: readonly (readonly [title: string, value: unknown, line: RegExp])[] = [
  ['is no JSON', undefined, /^music: \(file\): is not JSON$/],
  ['has no name', { ...good, name: undefined }, /^music: name: is missing$/],
  ['does not name its schema', { ...good, $schema: './schema.json' }, /^music: \$schema: must be /],
  ['has an unknown field', { ...good, more: 1 }, /^music: more: there is no such field$/],
  ['has an unknown status', { ...good, status: 'verified' }, /^music: status: /],
  ['says to be imported, and is not', { ...good, status: 'imported' }, /^music: status: must not/],
  ['names no source', { ...good, sources: [] }, /^music: sources: must name a source$/],
  [
    'has a source without a date',
    { ...good, sources: [{ url: source.url, facts: source.facts }] },
    /^music: sources\.0\.readAt: is missing$/,
  ],
  [
    'was read in the future',
    { ...good, sources: [{ ...source, readAt: '2027-01-01' }] },
    /^music: sources\.0\.readAt: is in the future$/,
  ],
  [
    'was read long ago',
    { ...good, sources: [{ ...source, readAt: '2025-01-01' }] },
    /^music: sources\.0\.readAt: is 690 days ago: read it again \(warning\)$/,
  ],
  [
    'has a source on one machine',
    { ...good, sources: [{ ...source, via: '/home/me/notes.md' }] },
    /^music: sources\.0: names a path on one machine/,
  ],
  [
    'has a fact about life from nowhere',
    { ...good, unsourced: [] },
    /^music: provider\.life\.accessTokenSeconds: has no source/,
  ],
  ['says no word of registering', { ...good, register: undefined }, /^music: register: is missing/],
  [
    'has an unknown setting',
    withProvider({ tokenUrl: 'https://acme.io' }),
    /^music: provider\.tokenUrl: there is no such field$/,
  ],
  [
    'has an unknown quirk',
    withProvider({ quirks: ['odd'] }),
    /^music: provider\.quirks\.0: must be the name of a quirk$/,
  ],
  [
    "has what is the team's own",
    withProvider({ clientSecrets: ['invented'] }),
    /^music: provider\.clientSecrets: is the team's own/,
  ],
  [
    'has an address that is none',
    withProvider({ tokenEndpoint: 'acme.io/token' }),
    /^music: provider\.tokenEndpoint: must be an absolute URL$/,
  ],
  [
    'has an address without encryption',
    withProvider({ tokenEndpoint: 'http://acme.io/token' }),
    /^music: provider\.tokenEndpoint: must be https$/,
  ],
  [
    'registers without encryption',
    { ...good, register: { url: 'http://acme.io/' } },
    /^music: register\.url: must be https$/,
  ],
  [
    'has an address with a space',
    withProvider({ tokenEndpoint: 'https://acme.io/token ' }),
    /^music: provider\.tokenEndpoint: must be a URL$/,
  ],
  [
    "has an address on an example's host",
    withProvider({ tokenEndpoint: 'https://provider.invalid/token' }),
    /^music: provider\.tokenEndpoint: must be on a host of the provider's own$/,
  ],
  [
    'has a place that is to be filled in',
    { ...good, notes: '<what is special>' },
    /^music: notes: is still to be filled in/,
  ],
  [
    'names hosts, and not that of its API',
    withProvider({ apiHosts: ['files.acme.io'] }),
    /^music: provider\.apiHosts: must cover api\.acme\.io/,
  ],
  [
    'uses a variable that is not there',
    withProvider({ tokenParameters: { region: '{region}' } }),
    /^music: provider\.tokenParameters\.region: \{region\} is neither/,
  ],
  [
    'has a variable that it does not use',
    { ...good, variables: { region: variable } },
    /^music: variables\.region: is used nowhere/,
  ],
  [
    'has an example that does not fit',
    { ...withProvider(regional), variables: { region: { ...variable, example: 'EU1' } } },
    /^music: variables\.region\.example: does not fit/,
  ],
  [
    'has a default that does not fit',
    { ...withProvider(regional), variables: { region: { ...variable, default: 'EU1' } } },
    /^music: variables\.region\.default: does not fit/,
  ],
  [
    'lets users lead its endpoints anywhere',
    { ...withProvider(regional), variables: { region: byUser } },
    /^music: provider\.endpointHosts: must name the hosts/,
  ],
  [
    'lets users lead its endpoints to hosts that are not named',
    {
      ...withProvider({ ...regional, endpointHosts: ['*.other.io'] }),
      variables: { region: byUser },
    },
    /^music: provider\.authorizationEndpoint: leads to a host that/,
  ],
  ['has no sample of a token', { ...good, samples: {} }, /^music: samples\.token: is missing/],
  [
    'has a sample without the member that its path names',
    withProvider({ answerPaths: { access_token: 'data.0.token' } }),
    /^music: samples\.token: has no data\.0\.token, where answerPaths says access_token is$/,
  ],
  [
    'has a profile without the account',
    { ...good, samples: { token, profile: { body: {} } } },
    /^music: samples\.profile: has no id, where profile\.map says sub is$/,
  ],
];

const secrets = [
  ['AKIA', 'IOSFODNN7QWERTYU'],
  ['ghp_', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'],
  ['sk_live_', 'a1B2c3D4e5F6g7H8i9J0'],
  ['xoxb-', '123456789012-abcdef'],
  ['AIza', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R'],
  ['-----BEGIN ', 'PRIVATE KEY-----'],
] as const;

describe('npm run catalogue -- lint', () => {
  it('has nothing to say of an entry that is right', () => {
    assert.deepEqual(linesFor(file(good), file(imported, 'tunes', true)), []);
  });

  for (const [title, value, line] of broken) {
    it(`says of an entry that ${title}, where and what`, () => {
      const lines = linesFor(file(value));
      assert.ok(
        lines.some((one) => line.test(one)),
        lines.join('\n') || 'nothing',
      );
    });
  }

  for (const [start, rest] of secrets) {
    it(`takes ${start}… for a real secret, unless it says that it is not`, () => {
      const having = (secret: string) =>
        linesFor(file({ ...good, samples: { ...samples, refresh: { body: { secret } } } }));
      assert.match(having(`${start}${rest}`).join(), /samples\.refresh.*looks like a real secret/);
      assert.deepEqual(having(`${start}${rest} invented`), []);
    });
  }

  it('finds what is there twice', () => {
    const lines = linesFor(
      file(good),
      file({ ...good, name: 'MUSIC' }, 'other'),
      file(imported, 'music', true),
      file({ ...imported, name: 'Third' }, 'tunes', true),
    );
    assert.deepEqual(lines, [
      'music: id: is that of music as well: leave one out',
      'other: name: is that of music as well: leave one out',
      'tunes: provider.authorizationEndpoint: is that of imported/music as well: leave one out',
    ]);
  });

  it('refuses a file name that is no id', () => {
    assert.match(linesFor(file(good, 'Music')).join(), /\(file name\)/);
  });

  it('finds nothing wrong with the entries that are here', () => {
    const errors = lint(readEntries(), { ...options, maxAgeDays: Number.POSITIVE_INFINITY }).filter(
      ({ isWarning }) => !isWarning,
    );
    assert.deepEqual(errors.map(lineOf), []);
  });
});
