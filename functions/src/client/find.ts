import { StrongroomError } from '../errors.ts';
import type { SettingsReader } from '../providers/settings.ts';
import type { ConnectionStore } from '../store/connection-store.ts';
import { connectionNotFound } from '../store/refusals.ts';

interface FindDependencies {
  readonly store: Pick<ConnectionStore, 'listStatuses' | 'readStatus'>;
  readonly settings: SettingsReader;
}

/** A provider's id stands for the user's connection to it, where there is only one to choose. */
export type FindConnection = (uid: string, providerOrConnection: string) => Promise<string>;

/**
 * The one active connection, or where none is active the only one.
 *
 * Cost: none for a connection's id; for a provider's 1 read per connection of the user, at least 1.
 *
 * @throws StrongroomError `invalid_argument`, `provider_unknown`, `connection_not_found`,
 *   `connection_ambiguous`, `unavailable`.
 */
export function createFindConnection({ store, settings }: FindDependencies): FindConnection {
  return async (uid, providerOrConnection) => {
    assertUid(uid);
    if (!(await isProvider(settings, providerOrConnection))) return providerOrConnection;
    const all = await store.listStatuses(uid);
    const fitting = all.filter(({ document }) => document.provider === providerOrConnection);
    const active = fitting.filter(({ document }) => document.status === 'active');
    const candidates = active.length > 0 ? active : fitting;
    const [only] = candidates;
    if (only === undefined) throw connectionNotFound();
    if (candidates.length === 1) return only.id;
    throw ambiguous(
      providerOrConnection,
      candidates.map(({ id }) => id),
    );
  };
}

/** Whether an active connection is there. Cost as above; 1 read for a connection's id. */
export function createIsConnected({ store, settings }: FindDependencies) {
  return async (uid: string, providerOrConnection: string): Promise<boolean> => {
    assertUid(uid);
    if (!(await isProvider(settings, providerOrConnection))) {
      return (await store.readStatus(uid, providerOrConnection))?.status === 'active';
    }
    const all = await store.listStatuses(uid);
    return all.some(
      ({ document }) => document.provider === providerOrConnection && document.status === 'active',
    );
  };
}

const connectionIdShape = /^[\w-]{22}$/;

/** @throws StrongroomError `provider_unknown` where it can be neither. */
async function isProvider(settings: SettingsReader, id: string): Promise<boolean> {
  const { providers } = await settings.read();
  if (Object.hasOwn(providers, id)) return true;
  if (connectionIdShape.test(id)) return false;
  // One that was added a moment ago, or a mistake.
  return (await settings.provider(id)).id === id;
}

/**
 * Without types, nobody would be anybody: no uid is the suite itself.
 *
 * @throws StrongroomError `invalid_argument`
 */
function assertUid(uid: unknown): void {
  if (typeof uid === 'string' && /^[^/]{1,128}$/.test(uid)) return;
  throw new StrongroomError('invalid_argument', 'uid must be the uid of a Firebase user.', {
    field: 'uid',
  });
}

function ambiguous(provider: string, connectionIds: readonly string[]): StrongroomError {
  return new StrongroomError(
    'connection_ambiguous',
    `The user has ${connectionIds.length} connections to ${provider}. Name one of them by its id: ` +
      `${connectionIds.join(', ')}.`,
    { field: 'connectionId', connectionIds },
  );
}
