/** What one step saw, for the table at the end. */
export interface StepRecord {
  readonly title: string;
  readonly milliseconds: number;
  readonly reads: number;
  readonly writes: number;
  readonly ok: boolean;
}

const columns = ['step', 'result', 'ms', 'reads', 'writes'] as const;

/** The table that the demo ends in; reads and writes are those of the functions. */
export function table(records: readonly StepRecord[]): string {
  const rows = [
    [...columns],
    ...records.map(({ title, ok, milliseconds, reads, writes }) => [
      title,
      ok ? 'ok' : 'FAILED',
      String(Math.round(milliseconds)),
      String(reads),
      String(writes),
    ]),
  ];
  const widths = columns.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = rows;
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...body.map(line)].join(
    '\n',
  );
}

/** A secret as it may be shown: its first characters and its length. */
export function shortened(secret: string): string {
  return `${secret.slice(0, 12)}… (${secret.length} characters)`;
}
