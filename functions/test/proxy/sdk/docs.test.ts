import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { apis } from './apis.ts';

const root = new URL('../../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

describe('docs/calling.md on SDKs', () => {
  const page = read('docs/calling.md');
  const shown = [...page.matchAll(/```ts\n\/\/ (examples\/sdks\/\S+)\n(.*?)```/gs)];

  it('shows three of them at least', () => assert.ok(shown.length >= 3));

  for (const [, path = '', code] of shown)
    it(`shows what is tried: ${path}`, () => assert.equal(code, read(path)));

  for (const [name, { settings }] of Object.entries(apis))
    it(`names the settings that ${name} is tried with`, () => {
      const { requestHeaders = [], ...others }: { readonly requestHeaders?: readonly string[] } =
        settings;
      for (const header of requestHeaders) assert.ok(page.includes(`"${header}"`), header);
      for (const [key, value] of Object.entries(others)) {
        const setting = `"${key}": ${JSON.stringify(value)}`;
        assert.ok(page.includes(setting), setting);
      }
    });
});
