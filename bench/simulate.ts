/**
 * `npm run simulate [-- --scale 0.1] [--dry-run]`: the rotation over up to ten million connections. Writes the tables of
 * docs/scale.md and the pictures beside it; the same seed gives the same numbers.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../sandbox/launch/paths.ts';
import {
  backlogPicture,
  drawn,
  expiryPicture,
  importPicture,
  neededPicture,
  neighbourPicture,
} from './pictures.ts';
import { insertInFile } from './report.ts';
import { backlog } from './scenarios/backlog.ts';
import { expiry } from './scenarios/expiry.ts';
import { massImport } from './scenarios/import.ts';
import { policies } from './scenarios/policies.ts';
import { tenMillion } from './scenarios/ten-million.ts';
import { tablesOf } from './tables.ts';
import { createWorkers } from './workers.ts';

const { values } = parseArgs({
  options: { scale: { type: 'string', default: '1' }, 'dry-run': { type: 'boolean' } },
});
const scale = Number(values.scale);
if (!(scale > 0 && scale <= 1)) {
  console.error(
    '--scale must be more than 0 and at most 1: the share of the connections to simulate.',
  );
  process.exit(1);
}
const startedAt = performance.now();
const simulate = createWorkers();
const size = (connections: number) => Math.round(connections * scale);
const [whole, atTenMillion, imported, rows, backlogs, points] = await Promise.all([
  tenMillion(simulate, scale),
  expiry(simulate, size(10_000_000), 1.05),
  massImport(simulate, scale),
  policies(simulate, scale),
  Promise.all([
    backlog(simulate, 10_000, 10, 8),
    backlog(simulate, size(1_000_000), 1_000 * scale, 8),
    backlog(simulate, size(1_000_000), 420 * scale, 8),
  ]),
  Promise.all(
    [0.85, 0.9, 0.95, 0.97, 0.99, 1, 1.05, 1.2].map((ratio) =>
      expiry(simulate, size(500_000), ratio),
    ),
  ),
]);

const texts = await tablesOf({ rows, imported, backlogs, points, atTenMillion, whole });
for (const [name, text] of Object.entries(texts)) console.log(`\n## ${name}\n\n${text}`);
console.error(`${((performance.now() - startedAt) / 1_000).toFixed(0)} s in all`);
if (scale === 1 && values['dry-run'] !== true) {
  const [, large = backlogs[0]] = backlogs;
  if (large === undefined) throw new Error('Nothing was simulated.');
  const pictures = drawn({
    'scale-import': importPicture(imported),
    'scale-backlog': backlogPicture(backlogs),
    'scale-neighbour': neighbourPicture(large),
    'scale-expiry': expiryPicture(points),
    'scale-needed': await neededPicture(),
  });
  for (const [name, svg] of Object.entries(pictures)) {
    writeFileSync(join(root, 'docs/pictures', name), svg);
  }
  insertInFile(join(root, 'docs/scale.md'), texts);
} else {
  console.error('docs/scale.md stays as it is: it holds the numbers of the whole.');
}
