import { setTimeout } from 'node:timers/promises';
import { GoogleApiError } from '../google-api.ts';
import type { Terminal } from '../terminal.ts';
import { confirm } from '../terminal.ts';
import { actingNeed, projectAccessNeed, secretAccessNeed } from './access.ts';
import { accountsNeed } from './accounts.ts';
import { databaseNeed, indexesNeed } from './firestore.ts';
import { functionsNeed } from './functions.ts';
import type { Difference, Need, Site } from './needs.ts';
import { keyringNeed, settingsNeed } from './secrets.ts';
import { servicesNeed } from './services.ts';

const tries = 30;

/** All that the suite needs of a project, in the order in which it can be made. */
function needsOf(site: Site): Need[] {
  return [
    servicesNeed(site),
    accountsNeed(site),
    keyringNeed(site),
    settingsNeed(site),
    secretAccessNeed(site, 'keyring'),
    secretAccessNeed(site, 'providers'),
    projectAccessNeed(site),
    actingNeed(site),
    databaseNeed(site),
    indexesNeed(site),
    functionsNeed(site),
  ];
}

interface Wish {
  readonly isApplying: boolean;
  /** Whether the person agreed beforehand. */
  readonly isAgreed: boolean;
}

/** Says what a project lacks and, if asked to, makes it. @returns the exit code. */
export async function setUp(site: Site, wish: Wish, terminal: Terminal): Promise<number> {
  const { say, note } = terminal;
  const needs = needsOf(site);
  let [changes, rest] = [0, 0];
  for (const need of needs) {
    const differences = await look(site, need);
    for (const { change } of differences ?? []) change === undefined ? rest++ : changes++;
    report(need, differences, say, ({ what, change, mend }) =>
      change === undefined ? [`! ${what}`, `    ${mend}`] : [`+ ${change.says}`],
    );
  }
  if (changes === 0) {
    note(`Nothing to change.${rest > 0 ? ' What is marked with ! is for you to mend.' : ''}\n`);
    return rest > 0 ? 1 : 0;
  }
  if (!wish.isApplying) {
    note(`${changes} to change. Nothing was changed: say --apply.\n`);
    return 0;
  }
  if (!wish.isAgreed && !(await confirm(terminal, `Make ${changes} changes?`))) {
    note('Nothing was changed.\n');
    return 1;
  }
  for (const need of needs) {
    if (site.isSandbox && !need.isInSandbox) continue;
    // Looked at anew: what was made before may have changed what there is to do.
    for (const { change } of await need.find()) {
      if (change === undefined) continue;
      note(`${change.says} … `);
      try {
        await applyPatiently(change.apply, site.pauseMs);
      } catch (error) {
        note('failed. What is done stays: run the command again to go on.\n');
        throw error;
      }
      note('done\n');
    }
  }
  return examine(site, terminal);
}

/** An API that has just been enabled says for a while that it is not. */
async function applyPatiently(apply: () => Promise<void>, pauseMs: number): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await apply();
    } catch (error) {
      const passes = error instanceof GoogleApiError && error.reason === 'SERVICE_DISABLED';
      if (!passes || attempt === tries) throw error;
      await setTimeout(pauseMs);
    }
  }
}

/** Says what is missing, wrong or too much, with the command that mends it. @returns the exit code. */
export async function examine(site: Site, { say, note }: Terminal): Promise<number> {
  let found = 0;
  for (const need of needsOf(site)) {
    const differences = await look(site, need);
    found += differences?.length ?? 0;
    report(need, differences, say, ({ what, change, mend }) => [
      `✗ ${what}`,
      `    ${change === undefined ? mend : setupCommand(site)}`,
    ]);
  }
  const good = site.isSandbox ? 'What the sandbox has' : 'All';
  note(found === 0 ? `${good} is as it should be.\n` : `${found} to mend.\n`);
  return found === 0 ? 0 : 1;
}

function setupCommand({ projectId, isSandbox }: Site): string {
  return `npm run setup -- ${isSandbox ? '' : `--project ${projectId} `}--apply`;
}

/** `undefined`: the sandbox cannot hold such a thing. */
async function look(site: Site, need: Need): Promise<readonly Difference[] | undefined> {
  if (site.isSandbox && !need.isInSandbox) return undefined;
  try {
    return await need.find();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [{ what: `could not be looked at: ${why}`, mend: 'mend that, and run this again' }];
  }
}

function report(
  { title }: Need,
  differences: readonly Difference[] | undefined,
  say: Terminal['say'],
  linesOf: (difference: Difference) => readonly string[],
): void {
  const lines = differences?.flatMap(linesOf) ?? ['not in the sandbox'];
  if (differences === undefined || lines.length === 0) {
    say(`${title}: ${lines[0] ?? 'ok'}`);
  } else {
    say(`${title}:`);
    for (const line of lines) say(`  ${line}`);
  }
}
