import { readFileSync, writeFileSync } from 'node:fs';

/** A table in Markdown; numbers are written by whoever makes the rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map(line).join('\n');
}

/** 1234567 as 1,234,567. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** In millions, where it is one. */
export function millions(value: number): string {
  return value >= 1_000_000 ? `${Number((value / 1_000_000).toPrecision(3))} M` : count(value);
}

/** US dollars, to two digits or to the dollar. */
export function usd(value: number): string {
  return value < 10 ? value.toFixed(2) : count(value);
}

export function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** Milliseconds, in the unit that fits. */
export function duration(ms: number): string {
  if (ms < 60_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 5_400_000) return `${Number((ms / 60_000).toPrecision(2))} min`;
  return `${Number((ms / 3_600_000).toPrecision(2))} h`;
}

/**
 * Puts texts in the places that a document marks for them: between `<!-- name -->` and
 * `<!-- /name -->`.
 *
 * @throws RangeError where the document has no such place.
 */
export function insert(document: string, texts: Readonly<Record<string, string>>): string {
  return Object.entries(texts).reduce((whole, [name, text]) => {
    const start = `<!-- ${name} -->`;
    const end = `<!-- /${name} -->`;
    const from = whole.indexOf(start);
    const to = whole.indexOf(end);
    if (from < 0 || to < from) throw new RangeError(`The document has no place for ${name}.`);
    return `${whole.slice(0, from + start.length)}\n\n${text}\n\n${whole.slice(to)}`;
  }, document);
}

/** @throws RangeError as `insert`. */
export function insertInFile(file: string, texts: Readonly<Record<string, string>>): void {
  writeFileSync(file, insert(readFileSync(file, 'utf8'), texts));
}
