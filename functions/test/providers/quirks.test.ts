import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { quirks } from '../../src/providers/quirks/quirks.ts';

const sources = new URL('../../src/providers/quirks/', import.meta.url);
/** What all of them share. */
const shared = ['quirk.ts', 'quirks.ts'];

describe('the quirks', () => {
  it('stand in docs/quirks.md, every one of them as it says itself', () => {
    const page = readFileSync(new URL('../../../docs/quirks.md', import.meta.url), 'utf8');
    const table = page.slice(0, page.indexOf('\n## '));
    const rows = [...table.matchAll(/^\| `([a-z\d-]+)` \| (.+) \|$/gm)];
    assert.deepEqual(
      Object.fromEntries(rows.map(([, name, summary]) => [name, summary])),
      Object.fromEntries(Object.entries(quirks).map(([name, { summary }]) => [name, summary])),
    );
  });

  it('are each a file, with a test', () => {
    const files = readdirSync(sources).filter((file) => !shared.includes(file));
    assert.deepEqual(
      files.sort(),
      Object.keys(quirks)
        .map((name) => `${name}.ts`)
        .sort(),
    );
    for (const name of Object.keys(quirks)) {
      const test = new URL(`quirks/${name}.test.ts`, import.meta.url);
      assert.ok(existsSync(test), `${name} has no test`);
    }
  });
});
