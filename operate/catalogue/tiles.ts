import {
  credentialFieldsOf,
  takesCredentials,
} from '../../functions/src/providers/credential-fields.ts';
import type { Entry } from '../../functions/src/providers/entry-schema.ts';
import { isAuthorizing, sampled } from '../../sandbox/simulator/behaviour.ts';
import { type Simulated, simulate } from '../../sandbox/simulator/simulate.ts';
import { lifetimeOf, toldLifetimeOf } from '../../sandbox/simulator/token-answer.ts';
import { accessInWords, refreshInWords } from './words.ts';

/** What a team has to know of an entry, as a section of docs/providers.md. */
export function tileOf(id: string, entry: Entry): string {
  const here = 'http://127.0.0.1';
  const { behaviour } = simulate(entry, { origin: here, redirectUri: here });
  const rows = [
    ['scopes', codes(behaviour.provider.scopes)],
    ['variables', variablesOf(entry)],
    ['tokens', tokensOf(behaviour)],
    ['register', registrationOf(entry)],
    ['redirect URI', redirectUriOf(id, entry, behaviour)],
    ['users give', fieldsOf(behaviour)],
    ['quirks', codes(quirksOf(behaviour))],
    ['to know', entry.notes],
    ['sources', sourcesOf(entry)],
  ];
  return [
    `### ${entry.name}`,
    '',
    `\`${id}\` · ${behaviour.provider.kind} · ${entry.status}`,
    '',
    '| | |',
    '|---|---|',
    ...rows.flatMap(([name, text]) => (text ? [`| ${name} | ${cell(text)} |`] : [])),
  ].join('\n');
}

type Behaviour = Simulated['behaviour'];

function variablesOf({ variables }: Entry): string {
  return Object.entries(variables)
    .map(([name, { label, example, by, default: usual }]) => {
      const who = by === 'user' ? 'by the user' : 'by the team';
      const otherwise = usual === undefined ? '' : `, else \`${usual}\``;
      return `\`${name}\` ${who}: ${label}, such as \`${example}\`${otherwise}`;
    })
    .join('; ');
}

function tokensOf(behaviour: Behaviour): string {
  const { provider, samples } = behaviour;
  if (provider.kind === 'api-key' || provider.kind === 'basic') return '';
  const isSpent = provider.quirks.includes('refresh-with-access-token');
  const hasRefreshToken = Boolean(sampled(provider, samples.token, 'refresh_token'));
  const { longLivedToken, life } = provider;
  const first = longLivedToken === undefined ? toldLifetimeOf(behaviour) : undefined;
  const seconds = first ?? life.accessTokenSeconds;
  const isTold = seconds === undefined && lifetimeOf(behaviour) !== undefined;
  const access = accessInWords(seconds, isTold);
  if (!isAuthorizing(provider)) return `${access}; another is asked for with the same credentials`;
  if (isSpent) return `${access}; it is renewed by itself while it is good`;
  return hasRefreshToken
    ? `${access}; ${refreshInWords(provider)}`
    : `${access}; there is no refresh token`;
}

function registrationOf({ register }: Entry): string {
  return [register?.url && `<${register.url}>`, register?.note].filter(Boolean).join(' — ');
}

/** What a team enters at the provider. */
function redirectUriOf(id: string, entry: Entry, { provider }: Behaviour): string {
  if (!isAuthorizing(provider)) return '';
  const own = provider.ownRedirectUri ? `/${id}` : '';
  const address = `\`https://YOUR-SITE/oauth/callback${own}\``;
  const { redirectUriAlias: alias } = entry.provider;
  return typeof alias === 'string'
    ? `${address}; the provider gives it a name, which is the variable ${alias.replace(/[{}]/g, '`')}`
    : address;
}

function fieldsOf({ provider }: Behaviour): string {
  if (!takesCredentials(provider)) return '';
  return credentialFieldsOf(provider)
    .map(({ name, label }) => `${label} (\`${name}\`)`)
    .join(', ');
}

function quirksOf({ provider }: Behaviour): readonly string[] {
  return 'quirks' in provider ? provider.quirks : [];
}

function sourcesOf({ sources, unsourced }: Entry): string {
  const days = sources.map(({ readAt }) => readAt).sort();
  const [first = '', last = first] = [days[0], days.at(-1)];
  const read = first === last ? `on ${first}` : `between ${first} and ${last}`;
  const rest = unsourced.length === 0 ? '' : `; ${unsourced.length} facts are from none`;
  return `${sources.length}, read ${read}${rest}`;
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(' ');
}

/** Text that stands in one cell of a table, and is no markup. */
function cell(text: string): string {
  return text
    .replaceAll('\n', ' ')
    .replaceAll('|', '\\|')
    .replace(/<(?!https?:)/g, '&lt;');
}
