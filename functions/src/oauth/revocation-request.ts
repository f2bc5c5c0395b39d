import type { ClientAuth } from 'oauth4webapi';
import { fill } from '../providers/template.ts';
import type { RevocationShape } from '../providers/wire-schema.ts';
import { clientSecretBasic } from './client-authentication.ts';
import type { Party } from './party.ts';
import { parameterNamesOf, renamed } from './renamed.ts';

type Fields = Readonly<Record<string, string>>;

/** Who asks, by each way in which he may be asked to prove it. */
interface Asker {
  readonly clientAuth: ClientAuth;
  /** What templates may hold: the tokens, what is kept with them, the client. */
  readonly fields: Fields;
}

interface OutgoingRevocation {
  readonly url: URL;
  readonly method: RevocationShape['method'];
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

/**
 * A request that ends a grant in the provider's own way.
 *
 * @returns undefined where a field is missing that it needs.
 */
export async function revocationRequest(
  party: Party,
  shape: RevocationShape,
  { clientAuth, fields }: Asker,
): Promise<OutgoingRevocation | undefined> {
  const { server, client, provider } = party;
  const { method, by, format } = shape;
  const credential = by === 'access_token' ? provider.credential : nothing;
  const url = urlOf(server.revocation_endpoint ?? '', fields);
  const shown = filled(credential.query, fields);
  const told = filled({ ...credential.headers, ...shape.headers }, fields);
  const said = filled(shape.parameters, fields);
  if (!url || !shown || !told || !said) return undefined;

  const headers = new Headers({ accept: 'application/json', ...told });
  const own = new URLSearchParams();
  if (by === 'client') await clientAuth(server, client, own, headers);
  if (by === 'client_secret_basic') {
    await clientSecretBasic(fields['client_secret'] ?? '')(server, client, own, headers);
  }
  const parameters = Object.entries({
    ...said,
    ...renamed(parameterNamesOf(provider), Object.fromEntries(own)),
  });
  const inQuery = [...Object.entries(shown), ...(format === 'query' ? parameters : [])];
  for (const [name, value] of inQuery) url.searchParams.append(name, value);
  const content = parameters.length === 0 ? undefined : contents[format];
  if (content !== undefined) headers.set('content-type', content.type);
  return {
    url,
    method,
    headers: Object.fromEntries(headers),
    body: content?.of(parameters),
  };
}

type Pairs = [name: string, value: string][];

const nothing = { headers: {}, query: {} } as const;

const contents = {
  form: {
    type: 'application/x-www-form-urlencoded;charset=UTF-8',
    of: (parameters: Pairs) => new URLSearchParams(parameters).toString(),
  },
  json: {
    type: 'application/json',
    of: (parameters: Pairs) => JSON.stringify(Object.fromEntries(parameters)),
  },
  query: undefined,
} as const;

/** Fields stand in its path, and there each is one segment. */
function urlOf(template: string, fields: Fields): URL | undefined {
  const segments = Object.entries(fields).filter(([, value]) => !/^\.{0,2}$/.test(value));
  const encoded = segments.map(([name, value]) => [name, encodeURIComponent(value)] as const);
  const url = fill(template, Object.fromEntries(encoded));
  return url === undefined ? undefined : (URL.parse(url) ?? undefined);
}

function filled(templates: Fields, fields: Fields): Record<string, string> | undefined {
  const texts = Object.entries(templates).map(
    ([name, template]) => [name, fill(template, fields)] as const,
  );
  const isWhole = texts.every((entry): entry is [string, string] => entry[1] !== undefined);
  return isWhole ? Object.fromEntries(texts) : undefined;
}
