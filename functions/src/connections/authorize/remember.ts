import { createHash } from 'node:crypto';
import type { Provider } from '../../providers/settings-schema.ts';
import type { ConnectionStore } from '../../store/connection-store.ts';
import type { AuthorizationDocument, StatusDocument } from '../../store/documents.ts';
import type { Place, Sealer } from '../../vault/seal.ts';

/** How long a finished or expired authorization is remembered, to tell it from an unknown one. */
const remembranceMs = 24 * 60 * 60_000;

/** An authorization that has been begun. */
interface Begun {
  readonly state: string;
  readonly uid: string;
  readonly provider: Pick<Provider, 'id'>;
  /** The connection to be healed; undefined for a new one. */
  readonly connectionId: string | undefined;
  /** What is known of it. */
  readonly healed: StatusDocument | undefined;
  readonly scopes: string[];
  /** What its answer is to be judged by, and what the user said: nobody can change it meanwhile. */
  readonly sealed: object;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What is not the same in each way to authorize. */
type Way = Pick<
  AuthorizationDocument,
  'redirectUri' | 'returnTo' | 'callbackParameters' | 'codeParameter' | 'device'
>;

/** Writes down what is to be known when its answer comes. Cost: 1 write. */
export async function remember(
  { store, sealer }: { readonly store: ConnectionStore; readonly sealer: Sealer },
  { state, uid, provider, connectionId, healed, scopes, sealed, expiresAt }: Begun,
  way: Way,
): Promise<void> {
  const id = authorizationIdOf(state);
  const { jwe } = await sealer.seal(sealed, placeOfSecrets(uid, id, provider.id));
  await store.createAuthorization(id, {
    uid,
    provider: provider.id,
    connectionId: connectionId ?? null,
    subject: healed?.account.subject ?? null,
    scopes,
    sealed: jwe,
    ...way,
    expiresAt,
    usedAt: null,
    usedBy: null,
    deleteAt: expiresAt + remembranceMs,
  });
}

/** A pending authorization's document id. The state itself is known to the client alone. */
export function authorizationIdOf(state: string): string {
  return createHash('sha256').update(state).digest('base64url');
}

/** Where the secrets of a pending authorization belong. */
export function placeOfSecrets(uid: string, id: string, provider: string): Place {
  return { uid, document: id, field: 'authorization', generation: 0, provider };
}
