import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { createEntryReader, type ReadEntry } from '../../src/providers/read-entry.ts';

const source = fileURLToPath(new URL('../../src/providers/read-entry.ts', import.meta.url));
const entry = (name: string) => ({ name, provider: { kind: 'oauth2', scopes: ['one'] } });

/** As the build leaves a deployed function: one bundle, and the catalogue beside it. */
async function bundled(lib: string): Promise<ReadEntry> {
  const outfile = join(lib, 'index.js');
  await build({ entryPoints: [source], outfile, bundle: true, format: 'esm', platform: 'node' });
  const { readEntry }: { readEntry: ReadEntry } = await import(pathToFileURL(outfile).href);
  return readEntry;
}

/** As the sources lie in the repository. */
async function inSources(folder: string): Promise<ReadEntry> {
  return createEntryReader(pathToFileURL(join(folder, 'read-entry.ts')));
}

for (const [layout, readerIn] of Object.entries({ bundled, 'in the sources': inSources })) {
  describe(`the catalogue, ${layout}`, () => {
    let folder: string;
    let readEntry: ReadEntry;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'catalogue-'));
      readEntry = await readerIn(folder);
      const write = async (path: string, content: unknown) => {
        const file = join(folder, path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
      };
      await write('catalogue/music.json', entry('Music'));
      await write('catalogue/imported/music.json', entry('Imported music'));
      await write('catalogue/imported/films.json', entry('Films'));
      await write('catalogue/Capital.json', entry('Capital'));
      await write('outside.json', entry('Outside'));
      await write('catalogue/broken.json', '{');
      await write('catalogue/kindless.json', { name: 'No kind', provider: {} });
      // Whoever reads this one fails.
      await mkdir(join(folder, 'catalogue/folder.json'));
    });
    after(() => rm(folder, { recursive: true, force: true }));

    it('gives the entry of an id, with no variables where it names none', () => {
      assert.deepEqual(readEntry('music'), { ...entry('Music'), variables: {} });
    });

    it('gives an imported one where it has none of its own', () => {
      assert.equal(readEntry('films')?.name, 'Films');
    });

    for (const id of [
      'unknown',
      '',
      '../outside',
      'imported/films',
      '..%2foutside',
      'Capital',
      'music.json',
      'music\0',
      '-music',
      'a'.repeat(64),
      'constructor',
    ]) {
      it(`has no entry ${JSON.stringify(id)}`, () => assert.equal(readEntry(id), undefined));
    }

    for (const id of ['broken', 'kindless', 'folder']) {
      it(`reads the ${id} one only once it is named, and then says that it is not as it should be`, () => {
        assert.equal(readEntry('music')?.name, 'Music');
        assert.throws(() => readEntry(id));
      });
    }
  });
}
