import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../../functions/src/providers/entry-schema.ts';
import { root } from '../../sandbox/launch/paths.ts';
import { parseEntry } from '../../sandbox/simulator/catalogue-entry.ts';
import { outcomes, promisesOf, steps } from '../../sandbox/simulator/promises.ts';
import { readEntries } from './files.ts';
import { signs } from './signs.ts';
import { tileOf } from './tiles.ts';

export const providersFile = join(root, 'docs/providers.md');

export function writeProvidersPage(): void {
  writeFileSync(providersFile, providersPage());
}

/** An entry with its id. */
type Named = readonly [id: string, entry: Entry];

/** docs/providers.md, out of the catalogue and of nothing else. */
export function providersPage(files = readEntries()): string {
  const all = files.map(({ id, value, isImported }) => ({ id, value, isImported }));
  const deep = all.flatMap(({ id, value, isImported }): Named[] =>
    isImported ? [] : [[id, parseEntry(id, value)]],
  );
  const imported = all.flatMap(({ id, value, isImported }): Named[] =>
    isImported ? [[id, parseEntry(id, value)]] : [],
  );
  return [head(deep, imported), tableOf(deep), tilesOf(deep), listOf(imported), ''].join('\n\n');
}

function head(deep: readonly Named[], imported: readonly Named[]): string {
  const verified = deep.filter(([, { status }]) => status === 'verified by simulator').length;
  return `# Providers

<!-- Written by \`npm run catalogue -- docs\`; change the entries, not this page. -->

${deep.length} providers are described in depth, of which ${verified} are verified by simulator; ${imported.length} more are
imported: their endpoints are known and nothing is of how their tokens live. What the words mean, and how to add one, is in
[catalogue.md](catalogue.md). An entry is used by its id, in the team's settings:

\`\`\`json
"spotify": { "catalogue": "spotify", "clientId": "…", "clientSecrets": ["…"] }
\`\`\`

\`npm run providers -- add spotify --catalogue spotify --client-id …\` writes that. Any other provider is described in the
settings themselves, by its issuer or its endpoints: [settings.md](settings.md).`;
}

function tableOf(deep: readonly Named[]): string {
  const rows = deep.map(([id, entry]) => {
    const promised = promisesOf(entry);
    return [`[${id}](#${anchorOf(entry.name)})`, ...steps.map((step) => signs[promised[step]])];
  });
  const legend = Object.entries(outcomes).map(([outcome, why]) => [signOf(outcome), why]);
  return [
    '## What each does',
    '',
    'Every entry is taken through these steps by the suite, against a provider that behaves as its data says and answers with',
    'its samples. The first refresh is of a token that has expired, the second of one that the API refuses before its time.',
    'The last call, after the connection has ended, must be refused, and a grant that died at the provider must be noticed. No',
    'real provider was asked.',
    '',
    ...markdownTable(['', ''], legend),
    '',
    ...markdownTable(['provider', ...steps], rows),
  ].join('\n');
}

function tilesOf(deep: readonly Named[]): string {
  const tiles = deep.map(([id, entry]) => tileOf(id, entry));
  return ['## In depth', ...tiles].join('\n\n');
}

function listOf(imported: readonly Named[]): string {
  return [
    '## Imported',
    '',
    'Where these come from is in [catalogue-sources.md](catalogue-sources.md). Look at an entry before you rely on it.',
    '',
    ...markdownTable(
      ['id', 'name'],
      imported.map(([id, { name }]) => [`\`${id}\``, name]),
    ),
  ].join('\n');
}

function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [columns, columns.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`);
}

function signOf(outcome: string): string {
  const found = Object.entries(signs).find(([name]) => name === outcome);
  return found?.[1] ?? '';
}

/** Of a heading, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}
