/** What a change of the settings changes, line by line, without a secret. */

const hidden = '(hidden)';
const secretPath = /(^|\.)(clientSecrets|secrets|clientKeys|assertionKeys|clientCertificate)(\.|$)/;

/** The leaves of a document by their path; what is empty is a leaf. */
function* leavesOf(value: unknown, path: string): Generator<[path: string, shown: string]> {
  const isObject = typeof value === 'object' && value !== null;
  const members = isObject ? Object.entries(value) : [];
  if (members.length === 0) yield [path, JSON.stringify(value) ?? ''];
  for (const [name, member] of members) {
    yield* leavesOf(member, path === '' ? name : `${path}.${name}`);
  }
}

/** `+` is new, `-` is gone, `~` is another than before. */
export function changesBetween(before: unknown, after: unknown): string[] {
  const [old, now] = [new Map(leavesOf(before, '')), new Map(leavesOf(after, ''))];
  const shown = (path: string, value: string) =>
    `${path}: ${secretPath.test(path) ? hidden : value}`;
  const lines: [path: string, line: string][] = [];
  for (const [path, value] of now) {
    const was = old.get(path);
    if (isEmptied(path, value, old)) continue;
    if (was === undefined) lines.push([path, `+ ${shown(path, value)}`]);
    else if (was !== value) lines.push([path, `~ ${shown(path, value)}`]);
  }
  for (const [path, value] of old) {
    if (!now.has(path) && !isEmptied(path, value, now))
      lines.push([path, `- ${shown(path, value)}`]);
  }
  return lines.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}

/** Whether an empty object or list stands for members that have their own lines. */
function isEmptied(path: string, value: string, others: ReadonlyMap<string, string>): boolean {
  const isEmpty = value === '{}' || value === '[]';
  const start = path === '' ? '' : `${path}.`;
  return isEmpty && [...others.keys()].some((other) => other !== path && other.startsWith(start));
}

/** The document with every secret hidden. */
export function redacted(value: unknown, path = ''): unknown {
  if (Array.isArray(value)) return value.map((member) => redacted(member, `${path}.0`));
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, member]) => [
      name,
      redacted(member, path === '' ? name : `${path}.${name}`),
    ]);
    return Object.fromEntries(members);
  }
  return secretPath.test(path) ? hidden : value;
}
