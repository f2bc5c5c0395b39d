import type { Finding, Judged } from './finding.ts';

/** Nothing is there twice: neither an id, nor a name, nor an imported authorization endpoint. */
export function* duplicates(all: readonly Judged[]): Generator<Finding> {
  yield* twice(
    all,
    'id',
    ({ id }) => id,
    () => true,
  );
  yield* twice(
    all,
    'name',
    ({ entry }) => entry.name.toLowerCase(),
    () => true,
  );
  // Entries of ours may share a server: one for each API behind it.
  yield* twice(all, 'provider.authorizationEndpoint', endpointOf, ({ isImported }) => isImported);
}

function* twice(
  all: readonly Judged[],
  where: string,
  keyOf: (judged: Judged) => string | undefined,
  isJudged: (judged: Judged) => boolean,
): Generator<Finding> {
  const first = new Map<string, Judged>();
  for (const judged of all) {
    const key = keyOf(judged);
    if (key === undefined) continue;
    const other = first.get(key);
    if (other === undefined) first.set(key, judged);
    else if (isJudged(judged)) {
      yield { id: judged.id, where, what: `is that of ${placeOf(other)} as well: leave one out` };
    }
  }
}

function placeOf({ id, isImported }: Judged): string {
  return isImported ? `imported/${id}` : id;
}

/** An address as far as it tells one server from another. */
export function endpointOf({ entry }: Pick<Judged, 'entry'>): string | undefined {
  const { authorizationEndpoint } = entry.provider;
  return typeof authorizationEndpoint === 'string' ? addressKey(authorizationEndpoint) : undefined;
}

/** Without what makes no difference: names of variables, `www.`, a slash at the end, a query. */
export function addressKey(url: string): string {
  return url
    .toLowerCase()
    .replace(/\{\w+\}/g, '{}')
    .replace(/^https:\/\/(www\.)?/, '')
    .replace(/[?#].*$/, '')
    .replace(/\/$/, '');
}
