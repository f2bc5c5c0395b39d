import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** Pages that prove what they say by tests, and how many they name at least. */
const pages = { 'docs/refresh.md': 25, 'docs/limits.md': 4, 'docs/security.md': 15 };

for (const [name, least] of Object.entries(pages)) {
  describe(name, () => {
    const page = new URL(`../../${name}`, import.meta.url);
    const links = [...readFileSync(page, 'utf8').matchAll(/\[([^\]]+)\]\(([^)]+\.test\.ts)\)/g)];

    it('proves what it says by tests', () => assert.ok(links.length >= least));

    for (const [, title = '', path = ''] of links) {
      it(`names a test that there is: ${title}`, () => {
        const test = readFileSync(new URL(path, page), 'utf8');
        // A name of the file itself will do.
        const isFile = path.endsWith(`/${title.replaceAll('`', '')}.test.ts`);
        assert.ok(isFile || test.includes(title), `${path} has no such title`);
      });
    }
  });
}
