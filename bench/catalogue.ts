/**
 * `npm run bench -- catalogue [--rounds 20]`: what an instance pays for the catalogue when it reads its
 * settings, which enable 3 entries: beside a catalogue that has no others, and beside the same catalogue
 * read whole, as a module that lists all providers would be. Each measurement is the first of a process
 * of its own, as an instance's is, in turn within one run.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { spread } from './measure.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20' } } });
const rounds = Number(values.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) {
  console.error('--rounds must be a whole number of at least 1.');
  process.exit(1);
}

const lib = new URL('../functions/lib/', import.meta.url);
const enabled = ['github', 'slack', 'spotify'];

/** As `bench/catalogue/load.ts` prints it. */
interface Load {
  readonly ms: number;
  readonly heapKb: number;
}

const run = promisify(execFile);
const loader = fileURLToPath(new URL('catalogue/load.ts', import.meta.url));

async function load(base: URL, ids: readonly string[]): Promise<Load> {
  const { stdout } = await run(process.execPath, [
    '--expose-gc',
    '--disable-warning=ExperimentalWarning',
    loader,
    base.href,
    ids.join(),
  ]);
  const { ms, heapKb }: Record<string, unknown> = JSON.parse(stdout);
  if (typeof ms !== 'number' || typeof heapKb !== 'number') throw new Error('No measurement came.');
  return { ms, heapKb };
}

const small = await mkdtemp(join(tmpdir(), 'strongroom-bench-'));
try {
  await mkdir(join(small, 'catalogue'));
  for (const id of enabled) {
    await cp(new URL(`catalogue/${id}.json`, lib), join(small, 'catalogue', `${id}.json`));
  }
  const files = await readdir(new URL('catalogue/', lib), { recursive: true });
  const all = files.flatMap((name) => /([^/]+)\.json$/.exec(name)?.[1] ?? []);
  const ways = [
    { name: `3 enabled of 3`, base: pathToFileURL(`${small}/`), ids: enabled },
    { name: `3 enabled of ${all.length}`, base: lib, ids: enabled },
    { name: `all ${all.length} read`, base: lib, ids: all },
  ].map((way) => ({ ...way, loads: [] as Load[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const { base, ids, loads } of ways) loads.push(await load(base, ids));
  }
  console.log(`${rounds} rounds; the first read of an instance's settings`);
  console.log(
    ''.padEnd(24) + ['ms p50', 'p95', 'max', 'KB heap'].map((c) => c.padStart(10)).join(''),
  );
  const medians = ways.map(({ name, loads }) => {
    const times = spread(loads.map(({ ms }) => ms));
    const [heap] = spread(loads.map(({ heapKb }) => heapKb));
    const cells = [...times.map((value) => value.toFixed(2)), heap.toFixed(0)];
    console.log(name.padEnd(24) + cells.map((cell) => cell.padStart(10)).join(''));
    return times[0];
  });
  const [alone = Number.NaN, among = Number.NaN, whole = Number.NaN] = medians;
  console.log(
    `Among all the others, the 3 cost ${(among / alone).toFixed(2)} times what they cost alone; reading ` +
      `all would cost ${(whole / alone).toFixed(0)} times as much.`,
  );
} finally {
  await rm(small, { recursive: true });
}
