import * as v from 'valibot';
import { providerIdSchema, scopeSchema } from '../providers/primitives.ts';
import { whyOf } from '../providers/wrong.ts';

/** Why a line is not imported. No value of the line is in it: any of them could be a token. */
export interface Refusal {
  /** `line 7`, or the path of a document. */
  readonly where: string;
  /** As the schema names it; `(line)` for the line as a whole. */
  readonly field: string;
  readonly reason: string;
}

/** What numbers count where a line gives a time as one. */
export type Epoch = 'seconds' | 'milliseconds';

const wellFormed = v.check((value: string) => value.isWellFormed(), 'must be well-formed Unicode');
const text = (max: number) =>
  v.pipe(
    v.string('must be a string'),
    v.nonEmpty('must not be empty'),
    v.maxLength(max, `must have ${max} characters at most`),
    wellFormed,
  );
/** Of RFC 6749 A.12 and A.17. */
const token = v.pipe(
  text(16_384),
  v.regex(/^[\x20-\x7e]+$/, 'must be printable ASCII (RFC 6749 A.12)'),
);
const timeForm = 'must be a time in ISO 8601 with its offset, or a number of what --epoch names';
const time = v.union(
  [
    v.pipe(
      v.string(),
      v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/, timeForm),
      v.check((value) => !Number.isNaN(Date.parse(value)), timeForm),
    ),
    v.pipe(v.number(), v.finite(timeForm)),
  ],
  timeForm,
);
/** As Firebase Auth takes them; a slash or dots alone would be another path in Firestore. */
const uid = v.pipe(text(128), v.regex(/^(?!\.{1,2}$)(?!__.*__$)[^/]+$/, 'must be a uid'));

/** One existing connection. What is null counts as not there. */
export const importLineSchema = v.strictObject({
  uid,
  provider: providerIdSchema,
  /** Default: derived from whose it is, so that the same line is the same connection always. */
  connectionId: v.nullish(
    v.pipe(v.string(), v.regex(/^[\w-]{22}$/, 'must be 22 characters of base64url')),
  ),
  account: v.nullish(
    v.strictObject({
      subject: v.nullish(text(255)),
      name: v.nullish(text(200)),
      email: v.nullish(text(200)),
    }),
  ),
  accessToken: v.nullish(token),
  refreshToken: v.nullish(token),
  idToken: v.nullish(token),
  tokenType: v.nullish(v.pipe(text(32), v.regex(/^bearer$/i, 'must be Bearer (RFC 6750)'))),
  scopes: v.nullish(v.pipe(v.array(scopeSchema), v.maxLength(100, 'must be 100 at most'))),
  /** The same as one string, separated as the provider does it. */
  scope: v.nullish(v.pipe(v.string('must be a string'), v.maxLength(8_192))),
  /** When the tokens were given. */
  obtainedAt: v.nullish(time),
  /** When the access token expires. */
  expiresAt: v.nullish(time),
  /** What else the provider's data keeps of a connection: `{"realmId": "9130"}`. */
  fields: v.nullish(v.record(text(63), text(2_048))),
});

export type ImportLine = v.InferOutput<typeof importLineSchema>;
type Wrong = Omit<Refusal, 'where'>;

/** Reads one line. */
export function readLine(value: unknown): { readonly line: ImportLine } | { wrong: Wrong } {
  const { success, output, issues } = v.safeParse(importLineSchema, value);
  return success ? { line: output } : { wrong: wrongOf(issues[0]) };
}

/** All names that a line may use. */
const fields = Object.keys(importLineSchema.entries).join(', ');

function wrongOf(issue: v.InferIssue<typeof importLineSchema>): Wrong {
  const path = v.getDotPath(issue) ?? '(line)';
  if (issue.expected === 'never') {
    // Its name is the file's own text, and could be anything.
    const parent = path.startsWith('account.') ? 'account' : '(line)';
    const known = parent === 'account' ? 'subject, name, email' : fields;
    return { field: parent, reason: `has an unknown field; known are ${known}` };
  }
  return { field: path, reason: whyOf(issue) };
}
