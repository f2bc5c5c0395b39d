import { StrongroomError } from '../../../functions/src/errors.ts';
import type { Entry } from '../../../functions/src/providers/entry-schema.ts';
import { parseEntry } from '../../../functions/src/providers/parse-entry.ts';
import { parseSettings } from '../../../functions/src/providers/settings.ts';
import type { Provider } from '../../../functions/src/providers/settings-schema.ts';
import { patternOf } from '../../../functions/src/providers/variable-schema.ts';
import type { EntryFile } from '../files.ts';
import type { Finding, Judged } from './finding.ts';

/** An entry by its schemas: its own, and that of the settings once a team refers to it. */
export function judge({ id, isImported, value }: EntryFile): Judgement {
  const wrong = (where: string, what: string) => ({ findings: [{ id, where, what }] });
  if (value === undefined) return wrong('(file)', 'is not JSON');
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(id)) {
    return wrong('(file name)', 'must be lower-case letters, digits and hyphens');
  }
  const parsed = parseEntry(value);
  if ('wrong' in parsed) {
    return { findings: parsed.wrong.map(({ field, why }) => ({ id, where: field, what: why })) };
  }
  const { entry } = parsed;
  const unfit = unfitExamplesOf(entry).map((where) => ({
    id,
    where,
    what: 'does not fit its pattern',
  }));
  if (unfit.length > 0) return { findings: unfit };
  const { full, least } = teamsOf(entry, isImported);
  const provider = enabled(id, entry, full);
  if ('where' in provider) return wrong(provider.where, provider.what);
  const other = enabled(id, entry, least);
  if ('where' in other) return wrong(other.where, other.what);
  return { id, isImported, entry, provider };
}

export type Judgement = Judged | { readonly findings: readonly Finding[] };

interface Wrong {
  readonly where: string;
  readonly what: string;
}

/** Examples and defaults that their own variable would refuse. */
function unfitExamplesOf({ variables }: Entry): string[] {
  return Object.entries(variables).flatMap(
    ([name, { pattern, example, default: usual = example }]) => {
      const isFit = (value: string) => patternOf(pattern)?.test(value) === true;
      if (!isFit(example)) return [`variables.${name}.example`];
      return isFit(usual) ? [] : [`variables.${name}.default`];
    },
  );
}

const signing: readonly unknown[] = ['private_key_jwt', 'signed_client_secret'];

/** What teams may write: all variables, and only those that they must say. */
function teamsOf({ provider, variables }: Entry, isImported: boolean) {
  const isAuthorizing = provider.kind === 'oauth2' || provider.kind === 'oidc';
  const own = {
    ...(isAuthorizing && { clientId: 'client' }),
    ...(signing.includes(provider['clientAuthentication']) && {
      clientKeys: [{ privateKey: { kty: 'EC', d: 'key' }, kid: 'key' }],
    }),
    // Of an imported entry the team says where the API is, if its source does not.
    ...(isImported && !('apiBaseUrl' in provider) && { apiBaseUrl: 'https://api.example.com' }),
  };
  const said = Object.entries(variables).map(([name, { example }]) => [name, example] as const);
  const needed = said.filter(([name]) => {
    const variable = variables[name];
    return variable?.by === 'app' && variable.default === undefined;
  });
  return {
    full: { ...own, variables: Object.fromEntries(said) },
    least: { ...own, variables: Object.fromEntries(needed) },
  };
}

function enabled(id: string, entry: Entry, team: object): Provider | Wrong {
  const settings = {
    app: {
      redirectUri: 'https://app.example.com/oauth/callback',
      returnTo: ['https://app.example.com/'],
    },
    providers: { [id]: { catalogue: id, ...team } },
  };
  try {
    const bytes = new TextEncoder().encode(JSON.stringify(settings));
    const { providers } = parseSettings(bytes, false, () => entry);
    const provider = providers[id];
    return provider === undefined
      ? { where: 'provider', what: 'cannot be enabled' }
      : { ...provider, id };
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error;
    const field = String(error.details.field ?? '').replace(`providers.${id}.`, '');
    const why = /: (.*)\. Correct them/.exec(error.message)?.[1] ?? error.message;
    const where = field.startsWith('variables.') ? field : `provider.${field}`;
    return { where, what: why };
  }
}
