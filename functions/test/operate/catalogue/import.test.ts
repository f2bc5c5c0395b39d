import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { catalogueFolder, readEntries } from '../../../../operate/catalogue/files.ts';
import { importedFiles } from '../../../../operate/catalogue/import.ts';
import { StrongroomError } from '../../../src/errors.ts';
import { parseEntry } from '../../../src/providers/parse-entry.ts';
import { parseSettings } from '../../../src/providers/settings.ts';

const own = () => readEntries().filter(({ isImported }) => !isImported);
const imported = () => readEntries().filter(({ isImported }) => isImported);

describe('npm run catalogue -- import', () => {
  it('gives at least 200 providers that are not ours', () => {
    const ids = new Set(own().map(({ id }) => id));
    const others = imported().filter(({ id }) => !ids.has(id));
    assert.equal(others.length, imported().length, 'an imported entry stands in for one of ours');
    assert.ok(others.length >= 200, `${others.length} are there`);
  });

  it('gives what is committed', () => {
    const files = importedFiles(own());
    assert.deepEqual(
      files.map(({ name }) => name).sort(),
      imported()
        .map(({ id }) => `${id}.json`)
        .sort(),
      'run npm run catalogue -- import',
    );
    for (const { name, content } of files) {
      const committed = readFileSync(new URL(`imported/${name}`, catalogueFolder), 'utf8');
      assert.equal(content, committed, 'run npm run catalogue -- import');
    }
  });

  it('leaves out what is ours by its id, its name or its authorization endpoint', () => {
    const before = importedFiles([]).map(({ name }) => name);
    for (const id of ['harvest', 'zoho', 'kick']) assert.ok(before.includes(`${id}.json`), id);
    const provider = { authorizationEndpoint: 'https://id.kick.com/oauth/authorize/' };
    const left = importedFiles([
      { id: 'harvest', path: '', isImported: false, value: { name: 'One', provider: {} } },
      { id: 'two', path: '', isImported: false, value: { name: 'ZOHO', provider: {} } },
      { id: 'three', path: '', isImported: false, value: { name: 'Three', provider } },
    ]).map(({ name }) => name);
    assert.deepEqual(
      before.filter((name) => !left.includes(name)),
      ['harvest.json', 'kick.json', 'zoho.json'],
    );
  });

  it('leaves to the team to say where the API is, if no source does', () => {
    const settings = (own: object) =>
      Buffer.from(
        JSON.stringify({
          app: { redirectUri: 'https://app.acme.io/callback', returnTo: ['https://app.acme.io/'] },
          providers: { music: { catalogue: 'snowflake', clientId: 'one', ...own } },
        }),
      );
    assert.throws(
      () => parseSettings(settings({ variables: { subdomain: 'acme' } }), false),
      (error) =>
        error instanceof StrongroomError && error.details.field === 'providers.music.apiBaseUrl',
    );
    const { providers } = parseSettings(settings({ apiBaseUrl: 'https://api.acme.io' }), false);
    const { music } = providers;
    assert.ok(music?.kind === 'oauth2');
    assert.equal(music.apiBaseUrl, 'https://api.acme.io');
    assert.equal(
      music.tokenEndpoint,
      'https://{subdomain}.snowflakecomputing.com/oauth/token-request',
    );
    assert.deepEqual(music.endpointHosts, ['*.snowflakecomputing.com']);
  });

  it('is from the sources that the page names, and as much of each as it says', () => {
    const page = new URL('../../../../docs/catalogue-sources.md', import.meta.url);
    const rows = readFileSync(page, 'utf8').split('\n');
    const counts = new Map<string, number>();
    for (const { value } of imported()) {
      const parsed = parseEntry(value);
      assert.ok('entry' in parsed);
      const via = parsed.entry.sources[0]?.via ?? '';
      // `arctic 3.7.0 (MIT)`; what has no version is a page of its own.
      const [, version = 'documentation'] = / (\d+\.\d+\.\d+) /.exec(via) ?? [];
      counts.set(version, (counts.get(version) ?? 0) + 1);
    }
    for (const [version, count] of counts) {
      const row = rows.find((line) => line.startsWith('|') && line.includes(version));
      assert.match(row ?? '', new RegExp(`\\| ${count} \\|`), `${version}: ${count}`);
    }
  });
});
