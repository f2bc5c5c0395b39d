/**
 * `node build.mjs [codebase]`: bundles its src/index.ts into its lib/; default: this one. What Google's packages load by name at run time stays outside;
 * everything else is one small set of files, so that a cold start reads little.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const [, , codebase = dirname(fileURLToPath(import.meta.url))] = process.argv;
const here = resolve(codebase);
const lib = join(here, 'lib');

const { outputFiles } = await build({
  absWorkingDir: here,
  entryPoints: ['src/index.ts'],
  outdir: 'lib',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  sourcemap: true,
  sourcesContent: false,
  external: ['firebase-functions', 'firebase-admin', '@google-cloud/*', 'google-auth-library'],
  // CommonJS packages inside the bundle still call require for Node's own modules.
  banner: {
    js: "import { createRequire as strongroomRequire } from 'node:module'; const require = strongroomRequire(import.meta.url);",
  },
  logLevel: 'warning',
  write: false,
  // esbuild has said what is wrong; a stack trace of its own adds nothing.
}).catch(() => process.exit(1));

await mkdir(lib, { recursive: true });
const files = [...outputFiles, ...(await catalogueFiles())];
for (const { path, contents } of files) await writeIfChanged(path, contents);
const current = new Set(files.map(({ path }) => path));
for (const { parentPath, name } of (
  await readdir(lib, { recursive: true, withFileTypes: true })
).filter((entry) => entry.isFile())) {
  const path = join(parentPath, name);
  if (!current.has(path) && !name.endsWith('.part')) await rm(path);
}

/**
 * What an instance reads of the catalogue (src/providers/read-entry.ts), a file for each entry: the
 * samples and sources are for people and tests.
 */
async function catalogueFiles() {
  const from = fileURLToPath(new URL('src/providers/catalogue', import.meta.url));
  const names = await readdir(from, { recursive: true });
  return Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map(async (name) => {
        const {
          name: title,
          variables,
          provider,
        } = entryIn(name, await readFile(join(from, name), 'utf8'));
        const contents = Buffer.from(JSON.stringify({ name: title, variables, provider }));
        return { path: join(lib, 'catalogue', name), contents };
      }),
  );
}

/** The rest of it is for `npm run catalogue -- lint` to judge; what is deployed is never half an entry. */
function entryIn(name, text) {
  try {
    const entry = JSON.parse(text);
    if (entry.name && entry.provider?.kind) return entry;
    console.error(`src/providers/catalogue/${name} has no name, or no provider with a kind.`);
  } catch {
    console.error(`src/providers/catalogue/${name} is not JSON.`);
  }
  process.exit(1);
}

/** A running emulator reloads when a file changes, and must never see half of one. */
async function writeIfChanged(path, contents) {
  const before = await readFile(path).catch(() => undefined);
  if (before?.equals(contents)) return;
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, contents);
  await rename(part, path);
}
