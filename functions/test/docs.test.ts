import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const page = new URL('../../docs/refresh.md', import.meta.url);

describe('docs/refresh.md', () => {
  const links = [...readFileSync(page, 'utf8').matchAll(/\[([^\]]+)\]\(([^)]+\.test\.ts)\)/g)];

  it('proves what it says by tests', () => assert.ok(links.length > 25));

  for (const [, title = '', path = ''] of links) {
    it(`names a test that there is: ${title}`, () => {
      const test = readFileSync(new URL(path, page), 'utf8');
      // A name of the file itself will do.
      const isFile = path.endsWith(`/${title.replaceAll('`', '')}.test.ts`);
      assert.ok(isFile || test.includes(title), `${path} has no such title`);
    });
  }
});
