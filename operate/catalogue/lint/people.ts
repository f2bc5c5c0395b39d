import { teamsOwn } from '../../../functions/src/providers/entry-schema.ts';
import { schemaOf } from '../files.ts';
import { type Rule, textsOf } from './finding.ts';

/** What a team must know, and what it alone may say. */
export const people: Rule = function* ({ entry, isImported }) {
  if (entry.$schema !== schemaOf(isImported)) {
    yield { where: '$schema', what: `must be ${schemaOf(isImported)}, for editors` };
  }
  if (isImported !== (entry.status === 'imported')) {
    yield {
      where: 'status',
      what: isImported
        ? 'must be "imported" in imported/'
        : 'must not be "imported" outside imported/',
    };
  }
  for (const { where, text } of textsOf(entry)) {
    if (/^<[^<>]+>$/.test(text)) yield { where, what: `is still to be filled in: ${text}` };
  }
  for (const name of teamsOwn) {
    if (name in entry.provider) {
      yield { where: `provider.${name}`, what: "is the team's own: leave it out" };
    }
  }
  if (!isImported && entry.register?.url === undefined && entry.register?.note === undefined) {
    yield { where: 'register', what: 'is missing: where does a team register its app?' };
  }
};
