const width = 100;

/** JSON as the formatter of this repository leaves it: a list of plain values on one line if it fits. */
export function jsonOf(value: unknown): string {
  return `${written(value, '', 0)}\n`;
}

/** @param taken the columns before and after it in its line. */
function written(value: unknown, indent: string, taken: number): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const isPlain = value.every((item) => typeof item !== 'object' || item === null);
    const line = `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
    if (isPlain && taken + line.length <= width) return line;
    const items = value.map((item) => `${inner}${written(item, inner, inner.length + 1)}`);
    return `[\n${items.join(',\n')}\n${indent}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  if (members.length === 0) return '{}';
  const lines = members.map(([name, member], i) => {
    const start = `${inner}${JSON.stringify(name)}: `;
    const comma = i < members.length - 1 ? 1 : 0;
    return start + written(member, inner, start.length + comma);
  });
  return `{\n${lines.join(',\n')}\n${indent}}`;
}
