/** The query of a URL, each name with all of its values. */
export function queryOf(url: string): Record<string, string[]> {
  const at = url.indexOf('?');
  // Without a prototype: names such as "constructor" are names like any other.
  const query: Record<string, string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(at < 0 ? '' : url.slice(at))) {
    query[name] = [...(query[name] ?? []), value];
  }
  return query;
}
