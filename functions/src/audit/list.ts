import { StrongroomError } from '../errors.ts';
import type { Caller } from '../identity/caller.ts';
import type { AuditCursor, AuditStore } from '../store/audit-store.ts';
import type { NewRecord } from './record.ts';

/** A record as it is shown: times are ISO 8601, and whose it is goes without saying. */
export interface ShownRecord {
  readonly id: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly [field: string]: string | number | boolean | null;
}

export interface AuditPage {
  readonly records: readonly ShownRecord[];
  /** To be given as `after` for the next page; absent: that was all. */
  readonly next?: string;
}

export interface AuditRequest {
  /** How many records; 50 by default, 200 at most. */
  readonly limit?: number | undefined;
  readonly after?: string | undefined;
}

const defaultLimit = 50;

/** The caller's own records, newest first. 1 read each, at least 1. */
export function createAuditList(store: Pick<AuditStore, 'list'>) {
  return async (
    { uid }: Caller,
    { limit = defaultLimit, after }: AuditRequest,
  ): Promise<AuditPage> => {
    const cursor = after === undefined ? undefined : cursorOf(after);
    const records = await store.list({ uid, limit, ...(cursor && { after: cursor }) });
    const last = records.length < limit ? undefined : records.at(-1);
    return { records: records.map(shown), ...(last && { next: nextOf(last) }) };
  };
}

/** What is kept of a record for whoever may read it. */
export function shown({ id, record }: NewRecord): ShownRecord {
  const { type, uid: _uid, deleteAt: _deleteAt, occurredAt, ...rest } = record;
  const fields = Object.entries(rest).map(([name, value]) => {
    const isTime = name.endsWith('At') && typeof value === 'number';
    return [name, isTime ? new Date(value).toISOString() : value] as const;
  });
  return {
    id,
    type,
    occurredAt: new Date(occurredAt).toISOString(),
    ...Object.fromEntries(fields),
  };
}

function nextOf({ id, record }: NewRecord): string {
  return `${record.occurredAt}.${id}`;
}

/** @throws StrongroomError `invalid_argument` */
function cursorOf(after: string): AuditCursor {
  const [, at, id] = /^(\d{1,15})\.([\w-]{1,128})$/.exec(after) ?? [];
  if (at !== undefined && id !== undefined) return { occurredAt: Number(at), id };
  throw new StrongroomError(
    'invalid_argument',
    'The field after is not of the expected form. Take it from next of the page before.',
    { field: 'after' },
  );
}
