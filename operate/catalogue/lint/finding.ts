import type { Entry } from '../../../functions/src/providers/entry-schema.ts';
import type { Provider } from '../../../functions/src/providers/settings-schema.ts';

/** Something that is wrong with an entry. */
export interface Finding {
  readonly id: string;
  /** The field. */
  readonly where: string;
  /** What to do, or what is wrong. */
  readonly what: string;
  /** It may stay so for now. */
  readonly isWarning?: boolean;
}

/** An entry that is valid by its schema, and what becomes of it in a team's settings. */
export interface Judged {
  readonly id: string;
  readonly isImported: boolean;
  readonly entry: Entry;
  /** With all variables set to their examples. */
  readonly provider: Provider;
}

/** A rule for one entry. */
export type Rule = (judged: Judged, options: LintOptions) => Iterable<Omit<Finding, 'id'>>;

export interface LintOptions {
  /** `2026-11-22` */
  readonly today: string;
  /** Facts that were read longer ago are to be read again. */
  readonly maxAgeDays: number;
}

/** A leaf of a document, and where it is. */
export interface Leaf {
  readonly where: string;
  readonly text: string;
}

/** Every text in a document. */
export function* textsOf(value: unknown, where = ''): Generator<Leaf> {
  if (typeof value === 'string') yield { where, text: value };
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    yield* textsOf(member, where === '' ? name : `${where}.${name}`);
  }
}
