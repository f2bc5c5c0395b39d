import type { EntryFile } from './files.ts';
import { addresses, endpointHosts, hosts } from './lint/addresses.ts';
import { duplicates } from './lint/duplicates.ts';
import type { Finding, Judged, LintOptions, Rule } from './lint/finding.ts';
import { judge } from './lint/judge.ts';
import { people } from './lint/people.ts';
import { samples, secrets } from './lint/samples.ts';
import { sources } from './lint/sources.ts';
import { variables } from './lint/variables.ts';

const rules: readonly Rule[] = [
  people,
  addresses,
  hosts,
  endpointHosts,
  variables,
  sources,
  samples,
  secrets,
];

/** What is wrong with the catalogue, as far as it can be told without asking anybody. */
export function lint(files: readonly EntryFile[], options: LintOptions): Finding[] {
  const results = files.map(judge);
  const judged = results.filter((result): result is Judged => !('findings' in result));
  return [
    ...results.flatMap((result) => ('findings' in result ? result.findings : [])),
    ...judged.flatMap((one) =>
      rules.flatMap((rule) => [...rule(one, options)].map((found) => ({ id: one.id, ...found }))),
    ),
    ...duplicates(judged),
  ];
}

/** One line for people. */
export function lineOf({ id, where, what, isWarning = false }: Finding): string {
  return `${id}: ${where}: ${what}${isWarning ? ' (warning)' : ''}`;
}
