import { Timestamp } from 'firebase-admin/firestore';
import type { Sourced } from './importable.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What stands at a dotted path: `end_user.id`. */
export function valueAt(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split('.')) {
    if (!isFields(found) || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found;
}

export interface NangoMapping {
  /** Integration ids of Nango and the providers here; one that is not named keeps its name. */
  readonly providers: ReadonlyMap<string, string>;
  /** Where the uid stands: `end_user.id`, or `tags.end_user_id`, `connection_id`, … */
  readonly uidFrom: string;
}

/**
 * A connection of Nango with its credentials, as `GET /connections/{connectionId}` answers:
 * https://nango.dev/docs/reference/api/connection/get
 */
export function fromNango(sourced: Sourced, { providers, uidFrom }: NangoMapping): Sourced {
  if (!('value' in sourced)) return sourced;
  const { where, value } = sourced;
  const at = (path: string) => valueAt(value, path);
  if (at('credentials.type') !== 'OAUTH2') {
    return { where, field: 'credentials.type', reason: 'must be OAUTH2' };
  }
  const [key, connection] = [at('provider_config_key'), at('connection_id')];
  if (typeof key !== 'string' || typeof connection !== 'string') {
    const field = typeof key === 'string' ? 'connection_id' : 'provider_config_key';
    return { where, field, reason: 'must be a string' };
  }
  const scope = at('credentials.raw.scope');
  return {
    where,
    // Stays when the tokens are refreshed there.
    identity: JSON.stringify(['nango', key, connection]),
    value: {
      uid: at(uidFrom),
      provider: providers.get(key) ?? key,
      accessToken: at('credentials.access_token'),
      refreshToken: at('credentials.refresh_token') || undefined,
      idToken: at('credentials.raw.id_token'),
      tokenType: at('credentials.raw.token_type'),
      scope: typeof scope === 'string' ? scope : undefined,
      expiresAt: at('credentials.expires_at'),
    },
  };
}

/** Fields of a line that documents can be mapped to. */
export const mappable = [
  'provider',
  'connectionId',
  'account.subject',
  'account.name',
  'account.email',
  'accessToken',
  'refreshToken',
  'idToken',
  'tokenType',
  'scopes',
  'scope',
  'obtainedAt',
  'expiresAt',
] as const;
export type Mappable = (typeof mappable)[number];

export interface DocumentMapping {
  /** Where in the document each field of a line stands. */
  readonly paths: ReadonlyMap<Mappable, string>;
  /** For all of them, where no path names it. */
  readonly provider: string | undefined;
  /** Default: the document's id. */
  readonly uidFrom: string | undefined;
}

interface PlainDocument {
  readonly id: string;
  readonly path: string;
  readonly data: Fields;
}

/** A plain document; undefined where it holds no token, as that of a user who never connected. */
export function fromDocument(
  { id, path, data }: PlainDocument,
  { paths, provider, uidFrom }: DocumentMapping,
): Sourced | undefined {
  const at = (field: Mappable) => {
    const from = paths.get(field);
    return from === undefined ? undefined : plain(valueAt(data, from));
  };
  if (!at('accessToken') && !at('refreshToken')) return undefined;
  const value: Record<string, unknown> = {
    uid: uidFrom === undefined ? id : valueAt(data, uidFrom),
    provider: at('provider') ?? provider,
    account: {
      subject: at('account.subject'),
      name: at('account.name'),
      email: at('account.email'),
    },
  };
  for (const field of mappable) {
    if (field !== 'provider' && !field.includes('.')) value[field] = at(field);
  }
  return { where: path, value, identity: JSON.stringify(['firestore', path]) };
}

/** Firestore's timestamps and dates as a line has them; what is empty as what is not there. */
function plain(value: unknown): unknown {
  if (value === '') return undefined;
  if (value instanceof Date) return value.toISOString();
  return value instanceof Timestamp ? value.toDate().toISOString() : value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
