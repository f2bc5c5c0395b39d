import { assumptionsOf, operationsOf, pricesOf } from './basis-tables.ts';
import { billOf, firestoreOf, monthDays, totalOf } from './cost.ts';
import { count, duration, millions, percent, table, usd } from './report.ts';
import type { BacklogResult } from './scenarios/backlog.ts';
import { type ExpiryPoint, neededPerSecond } from './scenarios/expiry.ts';
import type { ImportResult } from './scenarios/import.ts';
import type { PolicyRow } from './scenarios/policies.ts';
import type { TenMillion } from './scenarios/ten-million.ts';

interface Results {
  readonly rows: readonly PolicyRow[];
  readonly imported: ImportResult;
  readonly backlogs: readonly BacklogResult[];
  readonly points: readonly ExpiryPoint[];
  readonly atTenMillion: ExpiryPoint;
  readonly whole: TenMillion;
}

/** The tables of docs/scale.md, by the name of their place. */
export async function tablesOf(results: Results): Promise<Record<string, string>> {
  return {
    costs: costsOf(results.rows),
    work: workOf(results.rows),
    bill: billsOf(results.rows),
    whole: wholeOf(results.whole),
    import: importOf(results.imported),
    backlog: backlogOf(results.backlogs),
    expiry: expiryOf(results.points, results.atTenMillion),
    needed: await neededOf(),
    operations: operationsOf(),
    assumptions: assumptionsOf(),
    prices: pricesOf(),
  };
}

const nameOf = ({ policy, lifetimeHours }: PolicyRow) => `\`${policy}\`, ${lifetimeHours} h`;

function costsOf(rows: readonly PolicyRow[]): string {
  return table(
    [
      'policy, tokens of',
      'US$ per million and month',
      'at the most',
      'visits that begin with a refresh',
    ],
    rows.map((row) => [
      nameOf(row),
      usd(totalOf(billOf(row.month, 'shared'))),
      usd(totalOf(billOf(row.month, 'alone'))),
      percent(row.seen.byCallers / row.seen.uses),
    ]),
  );
}

function workOf(rows: readonly PolicyRow[]): string {
  return table(
    [
      'policy, tokens of',
      'refreshes a day by schedule',
      'by callers',
      'reads a month',
      'writes a month',
      'tasks a month',
      'simulated',
    ],
    rows.map((row) => {
      const { month, simulatedConnections, simulatedDays } = row;
      const { reads, writes } = firestoreOf(month);
      return [
        nameOf(row),
        millions(month.rotated / monthDays),
        millions(month.byCallers / monthDays),
        millions(reads),
        millions(writes),
        millions(month.batches),
        `${millions(simulatedConnections)} for ${simulatedDays} d`,
      ];
    }),
  );
}

function billsOf(rows: readonly PolicyRow[]): string {
  return table(
    ['policy, tokens of', 'Firestore', 'functions', 'tasks', 'outbound', 'the rest'],
    rows.map((row) => {
      const least = billOf(row.month, 'shared');
      const most = billOf(row.month, 'alone');
      const functionsOf = (bill: typeof least) => bill.processor + bill.memory + bill.invocations;
      const firestore = least.firestoreReads + least.firestoreWrites;
      const known = firestore + functionsOf(least) + least.tasks + least.outbound;
      return [
        nameOf(row),
        usd(firestore),
        `${usd(functionsOf(least))} to ${usd(functionsOf(most))}`,
        usd(least.tasks),
        usd(least.outbound),
        usd(totalOf(least) - known),
      ];
    }),
  );
}

function wholeOf({ cohorts, seen, connections, month }: TenMillion): string {
  const lines = cohorts.map((cohort, number) => {
    const one = seen[number];
    if (one === undefined) throw new RangeError(`Cohort ${number} was not seen.`);
    const peak = one.perMinute.reduce((most, value) => Math.max(most, value), 0);
    return [
      `${millions(cohort.size)}, \`${cohort.rotate?.policy ?? 'always'}\`, ${cohort.lifetimeMs / 3_600_000} h`,
      String(cohort.rotate?.perSecond ?? ''),
      count(one.rotated),
      count(peak),
      percent(one.rotated === 0 ? 1 : 1 - one.late / one.rotated, 2),
      duration(one.worstDelayMs),
    ];
  });
  const least = totalOf(billOf(month, 'shared'));
  const most = totalOf(billOf(month, 'alone'));
  const perMillion = 1_000_000 / connections;
  return [
    table(
      [
        'connections, policy, tokens of',
        'limit per second',
        'refreshes in the day',
        'most in a minute',
        'in time',
        'latest after its time',
      ],
      lines,
    ),
    '',
    `In all ${count(seen.reduce((sum, { rotated }) => sum + rotated, 0))} refreshes by schedule and ` +
      `${count(seen.reduce((sum, { byCallers }) => sum + byCallers, 0))} by callers in the day; ` +
      `US$ ${usd(least)} to ${usd(most)} a month, ` +
      `US$ ${usd(least * perMillion)} to ${usd(most * perMillion)} per million connections.`,
  ].join('\n');
}

function importOf({ peaks, limited, perSecond, meanPerMinute }: ImportResult): string {
  const shown = peaks.filter(({ round }) => [1, 2, 3, 5, 7, 10, 14].includes(round));
  const ratio = (value: number) => (Number.isNaN(value) ? '–' : value.toFixed(1));
  return [
    table(
      ['round of refreshes', ...shown.map(({ round }) => String(round))],
      [
        ['peak ÷ mean, jitter alone', ...shown.map(({ byJitter }) => ratio(byJitter))],
        [
          `peak ÷ mean, limit ${perSecond} per second`,
          ...shown.map(({ limited: value }) => ratio(value)),
        ],
      ],
    ),
    '',
    `The mean is ${count(meanPerMinute)} per minute. With the limit ${count(limited.late)} refreshes ` +
      `(${percent(limited.late / limited.rotated)} of six hours, all of the first round) come after ` +
      `the token's end, the latest by ${duration(limited.worstLatenessMs)}; callers refresh for ` +
      'themselves meanwhile.',
  ].join('\n');
}

function backlogOf(results: readonly BacklogResult[]): string {
  return table(
    [
      'connections',
      'limit per second',
      'asked in vain',
      'due when it was back',
      'drained after',
      'most in a minute',
      "the other's latest before",
      'and since',
    ],
    results.map((result) => [
      count(result.connections),
      String(result.perSecond),
      count(result.down.failed),
      count(result.most),
      result.drainMinutes === undefined ? 'more than 5 h' : duration(result.drainMinutes * 60_000),
      count(result.mostPerMinute),
      duration(result.neighbour.beforeMs),
      duration(result.neighbour.duringMs),
    ]),
  );
}

function expiryOf(points: readonly ExpiryPoint[], atTenMillion: ExpiryPoint): string {
  return table(
    ['connections', 'limit per second', 'limit ÷ need', 'in time', 'latest after expiry'],
    [...points, atTenMillion].map(({ connections, perSecond, ratio, onTime, worstLatenessMs }) => [
      millions(connections),
      perSecond.toFixed(1),
      String(ratio),
      percent(onTime, 2),
      worstLatenessMs > 0 ? duration(worstLatenessMs) : '–',
    ]),
  );
}

async function neededOf(): Promise<string> {
  const sizes = [10_000, 100_000, 1_000_000, 10_000_000];
  const rows: string[][] = [];
  for (const hours of [1, 8, 24]) {
    const row = [`${hours} h`];
    for (const size of sizes)
      row.push(String(Number((await neededPerSecond(size, hours)).toPrecision(3))));
    rows.push(row);
  }
  return table(['tokens of', ...sizes.map(count)], rows);
}
