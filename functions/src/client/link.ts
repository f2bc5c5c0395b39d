/** A parameter of a link: a token or a quoted string (RFC 8288 §3). */
const parameter = /;\s*([\w!#$%&'*+.^`|~-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+)))?/y;
const target = /[\s,]*<([^>]*)>\s*/y;

/**
 * The target of the first link with that relation (RFC 8288), as it stands in the field `Link`;
 * undefined where there is none.
 */
export function linkOf(field: string, relation: string): string | undefined {
  let at = 0;
  for (;;) {
    target.lastIndex = at;
    const link = target.exec(field);
    if (link === null) return undefined;
    at = target.lastIndex;
    let relations: string | undefined;
    for (;;) {
      parameter.lastIndex = at;
      const found = parameter.exec(field);
      if (found === null) break;
      at = parameter.lastIndex;
      const [, name = '', quoted, token = ''] = found;
      // Only the first counts (§3.3).
      if (name.toLowerCase() === 'rel') relations ??= quoted?.replace(/\\(.)/g, '$1') ?? token;
    }
    const names = relations?.toLowerCase().split(/\s+/) ?? [];
    if (names.includes(relation)) return link[1];
    while (/\s/.test(field.charAt(at))) at += 1;
  }
}
