import assert from 'node:assert/strict';
import { expand } from '../../src/providers/expand.ts';
import type { CatalogueEntry, ReadEntry } from '../../src/providers/read-entry.ts';
import type { Variable } from '../../src/providers/variable-schema.ts';

/** Stands for every value that must not be shown. */
const marker = 's3cret-marker';

const variable = (change: Partial<Variable> = {}): Variable => ({
  label: 'Domain',
  pattern: '[a-z]{1,20}',
  example: 'acme',
  by: 'app',
  ...change,
});

const plain: CatalogueEntry = {
  name: 'Music',
  variables: {},
  provider: {
    kind: 'oauth2',
    tokenEndpoint: 'https://music.example/token',
    scopes: ['one', 'two'],
    apiBaseUrl: 'https://api.music.example/{region}',
    keep: ['region'],
    life: { rotation: 'none', accessTokenSeconds: 3_600 },
  },
};

/** The entry `known`, with these variables and provider. */
const catalogue =
  (
    variables: Record<string, Variable> = {},
    provider: CatalogueEntry['provider'] = plain.provider,
  ): ReadEntry =>
  (id) =>
    id === 'known' ? { ...plain, variables, provider } : undefined;

const registration = { catalogue: 'known', clientId: 'client', clientSecrets: [marker] };

function expanded(written: unknown, readEntry = catalogue()): Record<string, unknown> {
  const result = expand(written, readEntry);
  assert.ok('entry' in result, 'there is a mistake in it');
  assert.ok(typeof result.entry === 'object' && result.entry !== null);
  return { ...result.entry };
}

function mistakeIn(written: unknown, readEntry = catalogue()) {
  const result = expand(written, readEntry);
  assert.ok('wrong' in result, 'it was taken');
  assert.ok(!JSON.stringify(result).includes(marker), 'the mistake shows the value');
  return result.wrong;
}

describe('an entry of the settings', () => {
  it('is refused by a word on the catalogue where its file is broken: no build leaves one so', () => {
    const broken: ReadEntry = () => JSON.parse(marker);
    const { field, why } = mistakeIn(registration, broken);
    assert.equal(field, 'catalogue');
    assert.match(why, /deploy/);
  });

  it('is left as it is where it refers to no entry of the catalogue', () => {
    const written = { kind: 'oidc', issuer: 'https://{tenant}.example', variables: { a: 1 } };
    const never: ReadEntry = () => assert.fail('the catalogue was read');
    assert.deepEqual(expand(written, never), { entry: written });
    for (const other of [undefined, null, 'text', 1, ['catalogue']]) {
      assert.deepEqual(expand(other, never), { entry: other });
    }
  });

  it('has what the catalogue says, and is no longer a reference', () => {
    const { clientId, clientSecrets } = registration;
    assert.deepEqual(expanded(registration), {
      name: 'Music',
      ...plain.provider,
      clientId,
      clientSecrets,
      variables: {},
    });
  });

  it('replaces what the catalogue says field by field', () => {
    const own = {
      name: 'Ours',
      scopes: ['three'],
      keep: [],
      revocationEndpoint: 'https://r.example',
    };
    const entry = expanded({ ...registration, ...own });
    assert.deepEqual({ ...entry, ...own }, entry);
    assert.equal(entry['tokenEndpoint'], 'https://music.example/token');
  });

  it('replaces single facts of how tokens live, and leaves the others', () => {
    const { life } = expanded({ ...registration, life: { accessTokenSeconds: 60 } });
    assert.deepEqual(life, { rotation: 'none', accessTokenSeconds: 60 });
  });

  it('leaves what is wrong with its facts of life for the schema to refuse', () => {
    assert.equal(expanded({ ...registration, life: marker })['life'], marker);
  });

  it('does not change the catalogue for the next one who refers to it', () => {
    const provider = structuredClone(plain.provider);
    const readEntry = catalogue({ region: variable() }, provider);
    expanded({ ...registration, variables: { region: 'eu' }, life: { rotation: 'x' } }, readEntry);
    assert.deepEqual(provider, plain.provider);
  });

  for (const id of ['unknown', '', '../known', '/etc/passwd', 'constructor', '__proto__']) {
    it(`names the field where the catalogue has no entry ${JSON.stringify(id)}`, () => {
      const wrong = mistakeIn({ ...registration, catalogue: id });
      assert.equal(wrong.field, 'catalogue');
      assert.match(wrong.why, /docs\/providers\.md/);
    });
  }

  for (const id of [null, 1, ['known'], { known: 1 }, true]) {
    it(`may refer to an entry by text only, not by ${JSON.stringify(id)}`, () => {
      assert.equal(mistakeIn({ ...registration, catalogue: id }).field, 'catalogue');
    });
  }
});

describe('a variable of the catalogue', () => {
  const tenant = { tenant: variable() };
  const templated = {
    kind: 'oidc',
    issuer: 'https://{tenant}.example/{tenant}',
    apiBaseUrl: 'https://{tenant}.api.example/{region}',
    authorizationParameters: { audience: 'api://{tenant}' },
    apiHosts: ['{tenant}.api.example'],
    lookup: { endpoint: 'https://{tenant}.example', keep: { one: '0.{tenant}' } },
    pkce: true,
  };
  const withTenant = (value: unknown) => ({ ...registration, variables: { tenant: value } });

  it('stands in all texts of the entry by what the team says, and is asked for no more', () => {
    const entry = expanded(withTenant('acme'), catalogue(tenant, templated));
    assert.equal(entry['issuer'], 'https://acme.example/acme');
    assert.deepEqual(entry['authorizationParameters'], { audience: 'api://acme' });
    assert.deepEqual(entry['apiHosts'], ['acme.api.example']);
    assert.deepEqual(entry['lookup'], {
      endpoint: 'https://acme.example',
      keep: { one: '0.acme' },
    });
    assert.equal(entry['pkce'], true);
    assert.deepEqual(entry['variables'], {});
  });

  it('leaves the places of other names, which are fields of the token answer', () => {
    const { apiBaseUrl } = expanded(withTenant('acme'), catalogue(tenant, templated));
    assert.equal(apiBaseUrl, 'https://acme.api.example/{region}');
  });

  it('stands in what the team wrote beside it as well', () => {
    const own = { ...withTenant('acme'), apiBaseUrl: 'https://{tenant}.own.example' };
    const entry = expanded(own, catalogue(tenant, templated));
    assert.equal(entry['apiBaseUrl'], 'https://acme.own.example');
  });

  it('is by default what the catalogue says', () => {
    const readEntry = catalogue({ tenant: variable({ default: 'common' }) }, templated);
    assert.equal(expanded(registration, readEntry)['issuer'], 'https://common.example/common');
    assert.equal(expanded(withTenant('acme'), readEntry)['issuer'], 'https://acme.example/acme');
  });

  it('is missing where neither the team nor a default says it', () => {
    const wrong = mistakeIn(registration, catalogue(tenant, templated));
    assert.deepEqual(wrong, { field: 'variables.tenant', why: 'is missing' });
  });

  for (const value of [
    marker,
    'acme.evil.example',
    'Acme',
    '',
    ' acme',
    'acme\n',
    'a'.repeat(21),
  ]) {
    it(`is no ${JSON.stringify(value)}, against its pattern`, () => {
      const wrong = mistakeIn(withTenant(value), catalogue(tenant, templated));
      assert.deepEqual(wrong, { field: 'variables.tenant', why: 'must be like acme' });
    });
  }

  for (const value of [null, 1, ['acme'], { toString: 'acme' }]) {
    it(`is text, not ${JSON.stringify(value)}, even where there is a default`, () => {
      const readEntry = catalogue({ tenant: variable({ default: 'common' }) }, templated);
      assert.equal(mistakeIn(withTenant(value), readEntry).field, 'variables.tenant');
    });
  }

  it('has a default that its pattern takes', () => {
    const readEntry = catalogue({ tenant: variable({ default: 'Common!' }) }, templated);
    assert.equal(mistakeIn(registration, readEntry).field, 'variables.tenant');
  });

  it('is not substituted twice: what one holds is not looked at for another', () => {
    const two = { a: variable({ pattern: '.*' }), b: variable() };
    const written = { ...registration, variables: { a: '{b}', b: 'acme' } };
    const readEntry = catalogue(two, { kind: 'oidc', issuer: 'https://x.example/{a}' });
    assert.equal(expanded(written, readEntry)['issuer'], 'https://x.example/{b}');
  });

  it('of another name is a mistake of the team', () => {
    const written = { ...registration, variables: { tenat: marker } };
    const wrong = mistakeIn(written, catalogue(tenant, templated));
    assert.deepEqual(wrong, { field: 'variables.tenat', why: 'there is no such variable' });
  });

  for (const variables of [null, 'acme', ['acme'], 1]) {
    it(`is not said by ${JSON.stringify(variables)}`, () => {
      const wrong = mistakeIn({ ...registration, variables }, catalogue(tenant, templated));
      assert.equal(wrong.field, 'variables');
    });
  }

  it('that users say is asked of them, its place left open', () => {
    const byUser = { tenant: variable({ by: 'user', default: 'acme' }) };
    const entry = expanded(registration, catalogue(byUser, templated));
    assert.deepEqual(entry['variables'], byUser);
    assert.equal(entry['issuer'], templated.issuer);
  });

  it('that users say is no longer asked of them where the team says it', () => {
    const readEntry = catalogue({ tenant: variable({ by: 'user' }) }, templated);
    const entry = expanded(withTenant('acme'), readEntry);
    assert.deepEqual(entry['variables'], {});
    assert.equal(entry['issuer'], 'https://acme.example/acme');
    assert.equal(mistakeIn(withTenant('Acme'), readEntry).field, 'variables.tenant');
  });

  it('changes nothing of the registration: a brace in a secret stays', () => {
    const secrets = {
      clientId: '{tenant}',
      clientSecrets: ['{tenant}'],
      clientKeys: [{ privateKey: '{tenant}' }],
      clientCertificate: { certificate: '{tenant}', privateKey: '{tenant}' },
      assertionKeys: [{ privateKey: '{tenant}' }],
    };
    const entry = expanded({ ...withTenant('acme'), ...secrets }, catalogue(tenant, templated));
    assert.deepEqual({ ...entry, ...secrets }, entry);
  });

  for (const name of ['constructor', 'valueOf', 'toString']) {
    it(`called ${name}, as every object has one, is missing until it is said`, () => {
      const readEntry = catalogue(
        { [name]: variable() },
        { kind: 'oidc', issuer: `https://x.example/{${name}}/{hasOwnProperty}` },
      );
      assert.deepEqual(mistakeIn(registration, readEntry), {
        field: `variables.${name}`,
        why: 'is missing',
      });
      const { issuer } = expanded({ ...registration, variables: { [name]: 'acme' } }, readEntry);
      assert.equal(issuer, 'https://x.example/acme/{hasOwnProperty}');
    });
  }

  it('called __proto__ is none, and reaches no other object', () => {
    const written: unknown = JSON.parse(
      '{"catalogue": "known", "variables": {"__proto__": {"tenant": "acme"}}, "__proto__": {"pkce": "none"}}',
    );
    assert.equal(mistakeIn(written, catalogue(tenant)).field, 'variables.__proto__');
    assert.equal(Object.hasOwn(Object.prototype, 'pkce'), false);
  });
});
