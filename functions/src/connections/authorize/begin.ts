import { StrongroomError } from '../../errors.ts';
import type { Caller } from '../../identity/caller.ts';
import { authorizationUrl, newAuthorizationSecrets } from '../../oauth/authorization-request.ts';
import { authorizing, findAuthorizingParty } from '../../oauth/authorizing-party.ts';
import { asToldFailure } from '../../oauth/failure.ts';
import { grantedAs } from '../../oauth/granted-scopes.ts';
import type { PartyFinder } from '../../oauth/party.ts';
import type { Clock } from '../../platform/clock.ts';
import { redirectUriOf } from '../../providers/redirect-uri.ts';
import type { SettingsReader } from '../../providers/settings.ts';
import type {
  AppSettings,
  AuthorizingProvider,
  Provider,
} from '../../providers/settings-schema.ts';
import { type Values, variablesOf } from '../../providers/variables.ts';
import type { ConnectionStore } from '../../store/connection-store.ts';
import type { StatusDocument } from '../../store/documents.ts';
import { connectionNotFound } from '../../store/refusals.ts';
import type { Sealer } from '../../vault/seal.ts';
import { remember } from './remember.ts';

export interface BeginRequest {
  readonly provider: string;
  /** Heals this connection instead of making a new one. */
  readonly connectionId?: string | undefined;
  /**
   * Some of those the provider's settings offer; default: all of them. With `connectionId`: in addition
   * to what that connection has.
   */
  readonly scopes?: readonly string[] | undefined;
  readonly loginHint?: string | undefined;
  /** Parameters for the provider that its settings let callers choose: `{"prompt": "login"}`. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** What the provider asks its users for: `{"subdomain": "acme"}`; see `providers-list`. */
  readonly variables?: Values | undefined;
  /** Where the callback page hands the answer to; default: the first that the settings allow. */
  readonly returnTo?: string | undefined;
}

export interface BegunAuthorization {
  readonly authorizationUrl: string;
  readonly state: string;
  /** Of the page that hands the answer on; a pushed authorization request does not show it. */
  readonly callbackOrigin: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/** How long a user may take at the provider. */
export const authorizationTtlMs = 10 * 60_000;
export interface BeginDependencies {
  readonly store: ConnectionStore;
  readonly settings: SettingsReader;
  readonly findParty: PartyFinder;
  readonly sealer: Sealer;
  readonly clock: Clock;
  /** An unguessable string of at least 256 bits. */
  readonly newState: () => string;
}

/**
 * Starts an authorization. Cost: 1 write, and 1 read to heal a connection; one request to a provider that
 * takes pushed authorization requests.
 *
 * @throws StrongroomError `provider_unknown`, `scope_not_offered`, `return_to_not_allowed`,
 *   `connection_not_found`, `provider_misconfigured`, `unavailable`; `invalid_argument` for a parameter
 *   that callers may not choose, a variable that is missing or leads to a host that the settings do not
 *   name, or a provider whose users authorize nothing.
 */
export function createBegin(dependencies: BeginDependencies) {
  const { store, settings, findParty, clock, newState } = dependencies;

  return async ({ uid }: Caller, request: BeginRequest): Promise<BegunAuthorization> => {
    const provider = authorizing(await settings.provider(request.provider));
    const { app } = await settings.read();
    const parameters = parametersOf(provider, request.parameters);
    const variables = variablesOf(provider, request.variables);
    const returnTo = returnToOf(app, request.returnTo);
    const healed = await healedBy(store, uid, request.connectionId, provider);
    const scopes = scopesOf(provider, request.scopes, healed?.scopes);
    const state = newState();
    const secrets = await newAuthorizationSecrets(provider, scopes);
    const redirectUri = redirectUriOf(app, provider);
    const { loginHint } = request;
    const url = await urlFor(findParty, provider, variables, {
      state,
      secrets,
      scopes,
      redirectUri,
      loginHint,
      parameters,
    });

    const expiresAt = clock.now() + authorizationTtlMs;
    const { connectionId } = request;
    const sealed = { ...secrets, variables };
    const begun = { state, uid, provider, connectionId, healed, scopes, sealed, expiresAt };
    const { callbackParameters, codeParameter } = provider;
    await remember(dependencies, begun, {
      redirectUri,
      returnTo,
      callbackParameters,
      ...(codeParameter !== undefined && { codeParameter }),
    });
    return {
      authorizationUrl: url.href,
      state,
      callbackOrigin: new URL(redirectUri).origin,
      expiresAt: new Date(expiresAt).toISOString(),
    };
  };
}

async function urlFor(
  findParty: PartyFinder,
  provider: AuthorizingProvider,
  extra: Values,
  request: Parameters<typeof authorizationUrl>[1],
): Promise<URL> {
  try {
    const party = await findAuthorizingParty(findParty, provider, { extra });
    return await authorizationUrl(party, request);
  } catch (error) {
    throw asToldFailure(error);
  }
}

/** The connection that is to be healed. @throws StrongroomError `connection_not_found` */
export async function healedBy(
  store: ConnectionStore,
  uid: string,
  connectionId: string | undefined,
  provider: Pick<Provider, 'id'>,
): Promise<StatusDocument | undefined> {
  if (connectionId === undefined) return undefined;
  const status = await store.readStatus(uid, connectionId);
  if (status?.provider !== provider.id) throw connectionNotFound();
  return status;
}

/** @throws StrongroomError `scope_not_offered` */
export function assertOffered(
  { scopes }: Pick<Provider, 'scopes'>,
  asked: readonly string[],
): void {
  if (asked.every((scope) => scopes.includes(scope))) return;
  throw new StrongroomError(
    'scope_not_offered',
    `This provider offers the scopes ${scopes.join(' ') || '(none)'}.`,
    { field: 'scopes' },
  );
}

/** What a connection cannot do without, be it named among what was granted or not. */
const protocolScopes = ['openid', 'offline_access'];

/**
 * What to ask for, of what the settings offer: what is asked for, and what a connection has already.
 *
 * @throws StrongroomError `scope_not_offered`
 */
export function scopesOf(
  provider: AuthorizingProvider,
  asked: readonly string[] = provider.scopes,
  granted?: readonly string[],
): string[] {
  assertOffered(provider, asked);
  const has = (scope: string) =>
    protocolScopes.includes(scope) || granted?.includes(grantedAs(provider, scope));
  const kept = granted === undefined ? [] : provider.scopes.filter(has);
  return [...new Set([...kept, ...asked])];
}

function parametersOf(
  { callerParameters }: AuthorizingProvider,
  chosen: BeginRequest['parameters'] = {},
): BeginRequest['parameters'] {
  if (Object.keys(chosen).every((name) => callerParameters.includes(name))) return chosen;
  throw new StrongroomError(
    'invalid_argument',
    `Of this provider's parameters callers may choose ${callerParameters.join(', ') || 'none'}.`,
    { field: 'parameters' },
  );
}

function returnToOf(app: AppSettings, asked: string | undefined): string {
  const allowed =
    asked === undefined
      ? app.returnTo[0]
      : app.returnTo.some((entry) => isWithin(asked, entry))
        ? asked
        : undefined;
  if (allowed === undefined) {
    throw new StrongroomError(
      'return_to_not_allowed',
      "The returnTo is not among those that the app's settings allow (app.returnTo).",
      { field: 'returnTo' },
    );
  }
  return allowed;
}

/**
 * Web addresses by origin and path prefix at a segment's end; deep links of apps, whose scheme is
 * their only protection, to the letter.
 */
function isWithin(asked: string, entry: string): boolean {
  const allowed = new URL(entry);
  if (allowed.protocol !== 'https:' && allowed.protocol !== 'http:') return asked === entry;
  // A backslash or a control character is read differently by browsers and servers.
  if (!URL.canParse(asked) || /[\\\s]/.test(asked)) return false;
  const url = new URL(asked);
  const prefix = allowed.pathname.endsWith('/') ? allowed.pathname : `${allowed.pathname}/`;
  return (
    url.origin === allowed.origin &&
    url.username === '' &&
    url.password === '' &&
    (url.pathname === allowed.pathname || url.pathname.startsWith(prefix))
  );
}
