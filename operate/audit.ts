/** `npm run audit -- --uid UID`: who did what to which connection. */
import { parseArgs } from 'node:util';
import { type ShownRecord, shown } from '../functions/src/audit/list.ts';
import { isReceiptOf } from '../functions/src/audit/receipt.ts';
import type { NewRecord } from '../functions/src/audit/record.ts';
import { StrongroomError } from '../functions/src/errors.ts';
import type { AuditCursor } from '../functions/src/store/audit-store.ts';
import { openProject, type Project, UsageError } from './project.ts';
import { table } from './table.ts';

const usage = `Usage:
  npm run audit -- --uid <uid> [--since <ISO 8601>] [--json]
  npm run audit -- --suite [--since <ISO 8601>] [--json]      keys, providers, receipts of deletions
  npm run audit -- --forgotten <uid> [--json]                 the receipts of that user's deletion
Of the running sandbox, or of the project in GCLOUD_PROJECT.`;

const pageSize = 300;
const head = ['occurred', 'type', 'actor', 'connection', 'provider', 'details'];

interface Asked {
  readonly uid: string | null;
  /** Only receipts of this user. */
  readonly forgotten: string | undefined;
  readonly since: number | undefined;
  readonly json: boolean;
}

try {
  const asked = parse(process.argv.slice(2));
  const project = openProject();
  try {
    console.error(`Project ${project.projectId}`);
    await print(project, asked);
  } finally {
    await project.close();
  }
} catch (error) {
  if (!(error instanceof UsageError || error instanceof StrongroomError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

/** @throws UsageError */
function parse(args: string[]): Asked {
  const { uid, forgotten, suite, since, json } = parsed(args);
  const subjects = [uid, forgotten, suite || undefined].filter((subject) => subject !== undefined);
  if (subjects.length !== 1) throw new UsageError(usage);
  return {
    uid: uid ?? null,
    forgotten,
    since: since === undefined ? undefined : timeOf(since),
    json,
  };
}

function parsed(args: string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  try {
    const options = { uid: text, forgotten: text, suite: flag, since: text, json: flag };
    return parseArgs({ args, options }).values;
  } catch (error) {
    const why = error instanceof Error ? `${error.message.split('. ')[0]}.\n` : '';
    throw new UsageError(why + usage);
  }
}

/** With its offset: a time of this machine's zone would be another elsewhere. */
function timeOf(text: string): number {
  const isIso = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const time = isIso ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new UsageError('--since needs a time in ISO 8601: --since 2026-11-22T10:00:00Z');
}

/** Page by page, newest first. With `--json` one object per line. */
async function print({ audit }: Project, { uid, forgotten, since, json }: Asked): Promise<void> {
  let after: AuditCursor | undefined;
  let count = 0;
  for (;;) {
    const page = await audit.list({
      uid,
      limit: pageSize,
      ...(since !== undefined && { since }),
      ...(after && { after }),
    });
    const found = page.filter(
      ({ record }) => forgotten === undefined || isReceiptOf(forgotten, record),
    );
    const rows = found.map(shown);
    if (json) for (const row of rows) console.log(JSON.stringify(row));
    else if (rows.length > 0) {
      const lines = table(head, rows.map(cellsOf)).split('\n');
      console.log(lines.slice(count === 0 ? 0 : 1).join('\n'));
    }
    count += rows.length;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) break;
    after = cursorOf(last);
  }
  if (count === 0 && !json) console.log('None.');
}

function cursorOf({ id, record }: NewRecord): AuditCursor {
  return { occurredAt: record.occurredAt, id };
}

function cellsOf({ id: _id, occurredAt, type, ...rest }: ShownRecord): string[] {
  const { actor, connectionId, provider, ...details } = rest;
  const more = Object.entries(details).map(([name, value]) => `${name}=${value}`);
  return [
    occurredAt,
    type,
    String(actor),
    String(connectionId ?? ''),
    String(provider ?? ''),
    more.join(' '),
  ];
}
