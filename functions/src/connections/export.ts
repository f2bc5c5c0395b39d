import type { AuditPage, AuditRequest } from '../audit/list.ts';
import type { Caller } from '../identity/caller.ts';
import type { Clock } from '../platform/clock.ts';
import type { ExportStore, Held } from '../store/export-store.ts';
import type { Connection } from './connection.ts';
import { connectionOf } from './list.ts';

/** A connection, and what else is known of it. Times are ISO 8601. No token is in it. */
export interface ExportedConnection extends Partial<Connection> {
  readonly id: string;
  /** When its user consented last. */
  readonly grantedAt?: string;
  /** When the tokens that are held were given, and when the access token expires. */
  readonly tokensObtainedAt?: string;
  readonly accessTokenExpiresAt?: string;
  /** When it was last used, to the day. */
  readonly usedAt?: string;
  /** How often it has been refreshed since the consent. */
  readonly refreshes?: number;
}

/** An authorization that was begun; it is forgotten at `deletedAt`. */
export interface ExportedAuthorization {
  readonly provider: string;
  readonly scopes: readonly string[];
  /** Where its answer goes; a device's goes nowhere. */
  readonly returnTo?: string;
  readonly expiresAt: string;
  /** When it was completed or refused. */
  readonly usedAt?: string;
  readonly deletedAt: string;
}

/** All that is held of a user (GDPR Art. 15 and 20), redacted: tokens are named by their dates only. */
export interface Export {
  readonly version: 1;
  readonly exportedAt: string;
  readonly uid: string;
  readonly connections: readonly ExportedConnection[];
  readonly authorizations: readonly ExportedAuthorization[];
  /** Newest first. Where there are more, `next` is the `after` with which audit-list goes on. */
  readonly audit: AuditPage;
  /** False where a list was longer than the export has room for. */
  readonly isComplete: boolean;
}

interface ExportDependencies {
  readonly store: ExportStore;
  readonly listAudit: (caller: Caller, request: AuditRequest) => Promise<AuditPage>;
  readonly clock: Clock;
}

const most = { connections: 2_000, authorizations: 500, records: 2_000 } as const;
const auditPageSize = 200;

/** Everything held of the caller. Cost: 1 read for each document, 4 at least. */
export function createExport({ store, listAudit, clock }: ExportDependencies) {
  return async (caller: Caller): Promise<Export> => {
    const { uid } = caller;
    const [statuses, held, authorizations, audit] = await Promise.all([
      store.statuses(uid, most.connections),
      store.held(uid, most.connections),
      store.authorizations(uid, most.authorizations),
      allRecords(caller, listAudit),
    ]);
    // One of a connection's documents may be gone: the app can delete what is its user's.
    const ids = [...new Set([...statuses.keys(), ...held.keys()])];
    const connections = ids.map((id): ExportedConnection => {
      const [status, vault] = [statuses.get(id), held.get(id)];
      const shown = status && connectionOf(id, status);
      return { id, ...shown, ...(vault && factsOf(vault)) };
    });
    return {
      version: 1,
      exportedAt: new Date(clock.now()).toISOString(),
      uid,
      connections,
      authorizations: [...authorizations.values()].map((found) => ({
        provider: found.provider,
        scopes: found.scopes,
        ...(found.returnTo !== '' && { returnTo: found.returnTo }),
        expiresAt: iso(found.expiresAt),
        ...(found.usedAt !== null && { usedAt: iso(found.usedAt) }),
        deletedAt: iso(found.deleteAt),
      })),
      audit,
      isComplete:
        statuses.size < most.connections &&
        held.size < most.connections &&
        authorizations.size < most.authorizations &&
        audit.next === undefined,
    };
  };
}

function factsOf(held: Held) {
  const { provider, status, obtainedAt, expiresAt, grantedAt, refreshes, usedAt } = held;
  return {
    provider,
    status,
    grantedAt: iso(grantedAt),
    tokensObtainedAt: iso(obtainedAt),
    ...(expiresAt !== null && { accessTokenExpiresAt: iso(expiresAt) }),
    usedAt: iso(usedAt),
    refreshes,
  };
}

async function allRecords(
  caller: Caller,
  listAudit: ExportDependencies['listAudit'],
): Promise<AuditPage> {
  const records: AuditPage['records'][number][] = [];
  let after: string | undefined;
  do {
    const page = await listAudit(caller, { limit: auditPageSize, after });
    records.push(...page.records);
    after = page.next;
  } while (after !== undefined && records.length < most.records);
  return { records, ...(after !== undefined && { next: after }) };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
