/** An Item of a List (RFC 9651 §3.3) whose bare item is a String. */
export interface Item {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, number | string>;
}

/**
 * Parses a List of Strings with Integer or String parameters by the algorithms of RFC 9651 §4.2; what
 * else there is in structured fields is refused.
 *
 * @throws SyntaxError
 */
export function parseList(text: string): Item[] {
  let rest = text.replace(/^ +/, '');

  const take = (pattern: RegExp, what: string): string => {
    const [found] = pattern.exec(rest) ?? [];
    if (found === undefined) throw new SyntaxError(`${what} expected at "${rest}"`);
    rest = rest.slice(found.length);
    return found;
  };
  /** §4.2.5: `"`, visible ASCII and spaces, `\` before `"` and `\` only. */
  const takeString = () =>
    take(/^"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/, 'a String')
      .slice(1, -1)
      .replace(/\\(.)/g, '$1');
  /** §4.2.4: at most 15 digits. */
  const takeInteger = () => {
    const digits = take(/^-?\d+/, 'an Integer');
    if (digits.replace('-', '').length > 15) throw new SyntaxError('too many digits');
    return Number(digits);
  };
  /** §4.2.3.2: the last of two parameters of one name counts. */
  const takeParameters = () => {
    const parameters = new Map<string, number | string>();
    while (rest.startsWith(';')) {
      take(/^; */, 'a semicolon');
      const key = take(/^[a-z*][a-z\d_.*-]*/, 'a key');
      take(/^=/, 'a value');
      parameters.delete(key);
      parameters.set(key, rest.startsWith('"') ? takeString() : takeInteger());
    }
    return parameters;
  };

  const items: Item[] = [];
  while (rest.length > 0) {
    items.push({ value: takeString(), parameters: takeParameters() });
    rest = rest.replace(/^[ \t]+/, '');
    if (rest.length === 0) break;
    take(/^,/, 'a comma');
    rest = rest.replace(/^[ \t]+/, '');
    if (rest.length === 0) throw new SyntaxError('a trailing comma');
  }
  return items;
}
