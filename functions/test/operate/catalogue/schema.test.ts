import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { readEntries } from '../../../../operate/catalogue/files.ts';
import { schemaDocument, schemaFile } from '../../../../operate/catalogue/schema.ts';

describe('the JSON Schema of an entry', () => {
  let isValid: ValidateFunction;
  before(function () {
    this.timeout(30_000);
    // Whether an address is one is for `lint` to say.
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    isValid = ajv.compile(JSON.parse(schemaDocument()));
  });

  it('is the one that is committed', () => {
    const committed = readFileSync(schemaFile, 'utf8');
    assert.equal(committed, schemaDocument(), 'run npm run catalogue -- schema');
  });

  it('takes every entry', () => {
    for (const { path, value } of readEntries()) {
      assert.ok(isValid(value), `${path}: ${JSON.stringify(isValid.errors)}`);
    }
  });

  it('refuses what no entry has', () => {
    const entry = {
      name: 'Music',
      status: 'from documentation',
      provider: {
        kind: 'oauth2',
        authorizationEndpoint: 'https://acme.io/authorize',
        tokenEndpoint: 'https://acme.io/token',
      },
      sources: [{ url: 'https://acme.io', readAt: '2026-11-22', facts: ['all'] }],
    };
    assert.ok(isValid(entry), JSON.stringify(isValid.errors));
    const { provider } = entry;
    for (const wrong of [
      { ...entry, name: undefined },
      { ...entry, status: 'good' },
      { ...entry, more: 1 },
      { ...entry, provider: { ...provider, kind: 'saml' } },
      { ...entry, provider: { ...provider, clientSecrets: ['invented'] } },
      { ...entry, provider: { ...provider, pkce: 'plain' } },
      { ...entry, provider: { kind: 'oauth2' } },
    ]) {
      assert.ok(!isValid(JSON.parse(JSON.stringify(wrong))), JSON.stringify(wrong));
    }
  });
});
