/** `npm run keys -- status|rotate|disable`: the versions of the keyring, and replacing them. */

import { recordOf } from '../functions/src/audit/recorder.ts';
import { nextStepOf, unnamedMs } from '../functions/src/keys/retire.ts';
import { dayMs } from '../functions/src/platform/durations.ts';
import { createSecretWriter, type VersionState } from '../functions/src/platform/secret-writer.ts';
import { keyDefaults } from '../functions/src/providers/settings-schema.ts';
import { createKeyStore, noProgress } from '../functions/src/store/key-store.ts';
import { CommandError, main, parseArguments } from './command.ts';
import { openProject, UsageError } from './project.ts';
import { fireSchedule } from './schedule.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

const usage = `Usage:
  npm run keys -- status [--json]
  npm run keys -- rotate --now
  npm run keys -- disable <version> [--now]
Of the running sandbox, or of the project in GCLOUD_PROJECT.`;

const secretId = process.env['STRONGROOM_KEYRING_SECRET'] || 'strongroom-keyring';
const flag = { type: 'boolean', default: false } as const;

await main(async (args, terminal) => {
  const { values, positionals } = parseArguments(args, { now: flag, json: flag }, usage);
  const [command = '', version, ...more] = positionals;
  const isDisable = command === 'disable';
  if (more.length > 0 || isDisable !== (version !== undefined)) throw new UsageError(usage);
  const keyring = openKeyring();
  try {
    terminal.note(`Project ${keyring.environment.projectId}\n`);
    if (command === 'status') await showStatus(keyring, terminal, values.json);
    else if (command === 'rotate') await rotate(keyring, terminal, values.now);
    else if (version !== undefined) await disable(keyring, terminal, version, values.now);
    else throw new UsageError(usage);
    return 0;
  } finally {
    await keyring.close();
  }
});

function openKeyring() {
  const { db, environment, clock, audit, close } = openProject();
  const keys = createKeyStore(db, clock.timed);
  return { keys, writer: createSecretWriter(environment), environment, clock, audit, close };
}

type Keyring = ReturnType<typeof openKeyring>;

async function look({ keys, writer, clock }: Keyring) {
  // Sets the clock as well.
  const progress = (await keys.readProgress())?.document ?? noProgress;
  const all = await writer.list(secretId);
  const newest = all.findLast(({ state }) => state === 'enabled')?.version;
  const now = clock.now();
  const versions = await Promise.all(
    all.map(async (found) => {
      const { version, state, createdAt } = found;
      const documents = state === 'destroyed' ? 0 : await keys.countNaming(version);
      const known = progress.retiring[version];
      return {
        version,
        state,
        createdAt: new Date(createdAt).toISOString(),
        documents,
        unnamedAt: documents > 0 ? null : (known?.unnamedAt ?? null),
        disabledAt: known?.disabledAt ?? null,
        isNewest: version === newest,
      };
    }),
  );
  return { progress, versions, newest, now };
}

type Look = Awaited<ReturnType<typeof look>>;
type Seen = Look['versions'][number];

async function showStatus(keyring: Keyring, { say }: Terminal, json: boolean): Promise<void> {
  const seen = await look(keyring);
  const { progress, versions } = seen;
  if (json) return say(JSON.stringify({ progress, versions }, null, 2));
  if (versions.length === 0) return say(`The secret ${secretId} has no version.`);
  const rows = versions.map((found) => [
    found.version,
    found.state,
    found.createdAt.slice(0, 10),
    String(found.documents),
    whatIsNext(found, seen),
  ]);
  say(table(['version', 'state', 'created', 'documents', 'what is next'], rows));
  const { resealed, refused, startedAt, requestedAt } = progress;
  if (startedAt !== null) {
    say(`Sealed anew since ${new Date(startedAt).toISOString()}: ${resealed}`);
  }
  if (requestedAt !== null) say('A new version has been asked for.');
  if (refused.length > 0) say(`Do not open: ${refused.join(', ')}`);
}

function whatIsNext(found: Seen, { newest, now }: Look): string {
  const { version, state, documents, unnamedAt, disabledAt, isNewest } = found;
  if (state === 'destroyed') return '';
  if (isNewest) return 'seals';
  if (newest === undefined || Number(version) > Number(newest)) return 'is left alone';
  const times = { documents, unnamedAt: documents > 0 ? null : (unnamedAt ?? now), disabledAt };
  const step = nextStepOf(state, times, now, keyDefaults.destroyAfterDays * dayMs);
  if (step === 'reseal') return 'is being sealed anew';
  if (step === 'alert') return 'DOCUMENTS NAME IT: gcloud secrets versions enable';
  if (state === 'disabled') return 'is destroyed later';
  const dueAt = new Date((unnamedAt ?? now) + unnamedMs).toISOString().slice(0, 10);
  return `is disabled from ${dueAt} on`;
}

/** The key is made in the project: none is ever on this machine. */
async function rotate(keyring: Keyring, terminal: Terminal, isNow: boolean): Promise<void> {
  if (!isNow) {
    throw new UsageError(`The schedule rotates when it is time. For an incident: rotate --now`);
  }
  await keyring.keys.readProgress();
  await keyring.keys.note({ requestedAt: keyring.clock.now() });
  await fireSchedule(keyring.environment, 'rotateKeys');
  terminal.note('rotateKeys was started. npm run keys -- status shows how far it is.\n');
  await showStatus(keyring, terminal, false);
}

async function disable(
  keyring: Keyring,
  { say }: Terminal,
  version: string,
  isNow: boolean,
): Promise<void> {
  const { versions, now } = await look(keyring);
  const found = versions.find((one) => one.version === version);
  if (found === undefined) throw new UsageError('There is no such version: status shows all.');
  const { state, documents, unnamedAt, isNewest } = found;
  if (state !== ('enabled' satisfies VersionState['state'])) {
    return say(`Version ${version} is ${state} already.`);
  }
  if (isNewest) {
    throw new CommandError(`Version ${version} seals. First: npm run keys -- rotate --now`);
  }
  if (documents > 0) {
    throw new CommandError(
      `${documents} documents are sealed by version ${version}: their connections would stop ` +
        'working. Wait until they are sealed anew; npm run keys -- status shows how far that is.',
    );
  }
  if (!isNow && (unnamedAt === null || now - unnamedAt < unnamedMs)) {
    throw new CommandError(
      `Tasks may still carry what version ${version} has sealed; rotateKeys disables it in time. ` +
        'Is the key in the wrong hands, say disable --now: what they carry waits until it is enabled again.',
    );
  }
  await keyring.writer.disable(secretId, version);
  const fact = { type: 'key', actor: 'operator', uid: null, event: 'disabled', version } as const;
  await keyring.audit.add(recordOf(fact, undefined, now));
  say(
    `Version ${version} is disabled. To undo: gcloud secrets versions enable ${version} --secret ${secretId}`,
  );
}
