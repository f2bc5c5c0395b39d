import { memberOf } from '../../functions/src/platform/member.ts';
import type { Entry, Sample } from '../../functions/src/providers/entry-schema.ts';
import type {
  AuthorizingProvider,
  MachineProvider,
  Provider,
} from '../../functions/src/providers/settings-schema.ts';
import { fieldsOf } from '../../functions/src/providers/template.ts';
import type { answerMembers } from '../../functions/src/providers/wire-schema.ts';
import { movedTo } from './addresses.ts';
import { withMember } from './member.ts';
import type { Registration } from './registration.ts';

/** What a simulated provider promises: its data with addresses moved here, and its samples. */
export interface Behaviour {
  readonly origin: string;
  readonly provider: Provider;
  readonly samples: Entry['samples'];
  readonly registration: Registration;
  /** What its one user hands over where the app does not authorize by browser. */
  readonly credentials: Readonly<Record<string, string>>;
  /** What that user says of the provider's variables. */
  readonly variables: Readonly<Record<string, string>>;
  /** Where users are sent back to. */
  readonly redirectUri: string;
}

/** One with a token endpoint. */
export type TokenProvider = AuthorizingProvider | MachineProvider;

export function givesTokens(provider: Provider): provider is TokenProvider {
  return provider.kind !== 'api-key' && provider.kind !== 'basic';
}

export function isAuthorizing(provider: Provider): provider is AuthorizingProvider {
  return provider.kind === 'oidc' || provider.kind === 'oauth2';
}

type AnswerMember = (typeof answerMembers)[number];

/**
 * Where a member of RFC 6749 §5.1 is in such an answer: as the data says; else beside an access token
 * that is further down; else at the top.
 */
export function placeOf(
  provider: Provider,
  body: unknown,
  member: AnswerMember | (string & {}),
): readonly string[] {
  if (!givesTokens(provider)) return [member];
  const paths: Readonly<Record<string, string | readonly string[] | undefined>> =
    provider.answerPaths;
  const told = asNames(paths[member]);
  if (told !== undefined && memberOf(body, told) !== undefined) return told;
  const isNested = provider.quirks.includes('nested-user-token');
  const token = asNames(paths['access_token']) ?? (isNested ? ['authed_user', 'access_token'] : []);
  const beside = [...token.slice(0, -1), member];
  const isBeside = memberOf(body, token) !== undefined && memberOf(body, beside) !== undefined;
  return isBeside ? beside : [member];
}

function asNames(path: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof path === 'string' ? path.split('.') : path;
}

/** What a sample has at the place of a member. */
export function sampled(
  provider: Provider,
  sample: Sample | undefined,
  member: AnswerMember,
): unknown {
  return memberOf(sample?.body, placeOf(provider, sample?.body, member));
}

/**
 * The samples with the addresses moved to which the provider's data leads: what `keep` and `lookup`
 * keep for the places in its templates.
 */
export function withMovedSamples(
  origin: string,
  provider: Provider,
  samples: Entry['samples'],
): Entry['samples'] {
  const looked = Object.values(provider.lookup?.keep ?? {});
  const moved = Object.entries(samples).map(([name, sample]) => {
    const told = provider.keep.map((field) => placeOf(provider, sample?.body, field));
    const body = [...told, ...looked].reduce<unknown>((data, path) => {
      const value = memberOf(data, path);
      return typeof value === 'string' ? withMember(data, path, movedTo(origin, value)) : data;
    }, sample?.body);
    return [name, { ...sample, body }] as const;
  });
  return Object.fromEntries(moved);
}

/** Values for the parameters that come beside the code and are kept. */
export function callbackValues(provider: AuthorizingProvider): Readonly<Record<string, string>> {
  const inHost = new Set(fieldsOf(provider.apiBaseUrl));
  return Object.fromEntries(
    provider.callbackParameters.map((name) => [
      name,
      inHost.has(name) ? 'simulated.example' : `9${name.length}41453`,
    ]),
  );
}
