/** `npm run events -- list|replay`: what became of the events, and sends them again. */
import { parseArgs } from 'node:util';
import { StrongroomError } from '../functions/src/errors.ts';
import { sinks } from '../functions/src/events/event.ts';
import { replay } from '../functions/src/events/replay.ts';
import type { EventDocument, EventState } from '../functions/src/store/event-documents.ts';
import type { EventFilter } from '../functions/src/store/event-store.ts';
import type { Stored } from '../functions/src/store/stored.ts';
import { openProject, type Project, UsageError } from './project.ts';
import { table } from './table.ts';

const usage = `Usage:
  npm run events -- list [--dead|--pending|--delivered] [--since <ISO 8601>] [--json]
  npm run events -- replay <id …>
  npm run events -- replay --dead|--delivered|--since <ISO 8601>
Of the running sandbox, or of the project in GCLOUD_PROJECT.`;

/** The columns of the list. */
const head = ['id', 'type', 'state', 'occurred', 'attempts', 'next attempt', 'last failure'];

type Found = readonly Stored<EventDocument>[];

try {
  const { command, ids, filter, json } = parse(process.argv.slice(2));
  const project = openProject();
  try {
    console.error(`Project ${project.projectId}`);
    const found = ids.length > 0 ? await find(project, ids) : await project.events.list(filter);
    await (command === 'list' ? list(found, json) : again(project, found));
  } finally {
    await project.close();
  }
} catch (error) {
  if (!(error instanceof UsageError || error instanceof StrongroomError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

/** @throws UsageError */
function parse(args: string[]) {
  const { values, positionals } = parsed(args);
  const [command, ...ids] = positionals;
  if (command !== 'list' && command !== 'replay') throw new UsageError(usage);
  const states = (['dead', 'pending', 'delivered'] as const).filter((state) => values[state]);
  if (states.length > 1) throw new UsageError(`--${states.join(' and --')} exclude each other.`);
  const since = values.since === undefined ? undefined : timeOf(values.since);
  const filter: EventFilter = { state: states[0], since };
  const filters = states.length + (since === undefined ? 0 : 1);
  if (command === 'list' && ids.length > 0) throw new UsageError('list takes no ids.');
  if (command === 'replay') {
    if (states[0] === 'pending') throw new UsageError('What is pending is sent anyway.');
    if (ids.length > 0 && filters > 0) throw new UsageError('Name ids, or say which; not both.');
    if (ids.length === 0 && filters === 0)
      throw new UsageError('Which? Name ids, or say --dead or --since <ISO 8601>.');
    if (values.json) throw new UsageError('--json is for list.');
  }
  return { command, ids, filter, json: values.json } as const;
}

/** With its offset: a time of this machine's zone would be another elsewhere. */
function timeOf(text: string): number {
  const isIso = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const time = isIso ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new UsageError('--since needs a time in ISO 8601: --since 2026-11-22T10:00:00Z');
}

function parsed(args: string[]) {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        dead: flag,
        pending: flag,
        delivered: flag,
        json: flag,
        since: { type: 'string' },
      },
    });
  } catch (error) {
    const why = error instanceof Error ? `${error.message.split('. ')[0]}.\n` : '';
    throw new UsageError(why + usage);
  }
}

/** By the ids that list shows, or by those that receivers were sent. @throws UsageError */
async function find({ events }: Project, ids: readonly string[]): Promise<Found> {
  const found: Stored<EventDocument>[] = [];
  for (const id of ids) {
    if (!/^[\w-]{1,200}$/.test(id))
      throw new UsageError(`${JSON.stringify(id)} is no id of an event.`);
    const bySink = sinks.map((sink) => id.replace(/_(\d+)$/, `_${sink}_$1`));
    const here = await events.read([...new Set([id, ...bySink])]);
    if (here.length === 0)
      throw new UsageError(
        `There is no event ${id}. Nothing was sent. list shows those there are.`,
      );
    found.push(...here);
  }
  return found;
}

function list(found: Found, json: boolean): void {
  const rows = found.map(({ id, document }) => ({ id, ...shown(document) }));
  if (json) console.log(JSON.stringify(rows, null, 2));
  else console.log(rows.length === 0 ? 'None.' : table(head, rows.map(cellsOf)));
}

function cellsOf({ id, type, state, occurredAt, attempts, ...rest }: Shown & { id: string }) {
  const { nextAttemptAt, lastFailure } = rest;
  return [id, type, state, occurredAt, String(attempts), nextAttemptAt ?? '', lastFailure ?? ''];
}

interface Shown {
  readonly type: string;
  readonly sink: string;
  readonly state: EventState;
  readonly occurredAt: string;
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly lastFailure: string | null;
  readonly data: EventDocument['data'];
}

function shown(document: EventDocument): Shown {
  const { type, sink, state, occurredAt, attempts, nextAttemptAt, lastFailure, data } = document;
  return {
    type,
    sink,
    state,
    occurredAt: new Date(occurredAt).toISOString(),
    attempts,
    nextAttemptAt: nextAttemptAt === null ? null : new Date(nextAttemptAt).toISOString(),
    lastFailure,
    data,
  };
}

async function again({ events, clock }: Project, found: Found): Promise<void> {
  const replayed = await replay(events, clock, found);
  for (const id of replayed) console.log(id);
  const waiting = found.length - replayed.length;
  console.error(
    `${replayed.length} to be sent again within a minute` +
      (waiting > 0 ? `; ${waiting} still wait for their delivery.` : '.'),
  );
}
