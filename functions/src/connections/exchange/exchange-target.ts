import { StrongroomError } from '../../errors.ts';
import type { TokenExchange } from '../../oauth/token-exchange.ts';
import type { ExchangeSettings } from '../../providers/exchange-schema.ts';
import type { AuthorizingProvider, Provider } from '../../providers/settings-schema.ts';
import { notOffered } from '../not-offered.ts';

/** What a token is to be exchanged for (RFC 8693 §2.1). */
export interface ExchangeTarget {
  /** Logical names of the services at which it is to be used. */
  readonly audience?: readonly string[] | undefined;
  /** The same as URIs (RFC 8707). */
  readonly resource?: readonly string[] | undefined;
  /** Default: all that the settings let be asked for, or where they name none the provider's choice. */
  readonly scopes?: readonly string[] | undefined;
  /** Another account of the provider. */
  readonly account?: string | undefined;
}

export type Exchangeable = ExchangeSettings;

/** @throws StrongroomError `not_offered` */
export function exchangeable(provider: Provider): {
  readonly provider: AuthorizingProvider;
  readonly settings: Exchangeable;
} {
  const settings = 'tokenExchange' in provider ? provider.tokenExchange : undefined;
  if (settings === undefined || !('tokenExchange' in provider)) throw notOffered('tokenExchange');
  return { provider, settings };
}

type Target = Pick<TokenExchange, 'audiences' | 'resources' | 'scopes' | 'parameters'>;

/**
 * The parameters of a request, each within what the settings name.
 *
 * @param isOwn whether the app's own functions ask, which may ask for any account.
 * @throws StrongroomError `scope_not_offered`, `target_not_allowed`; `invalid_argument` where nothing is
 *   asked for: the same token again would be of no use.
 */
export function targetOf(
  settings: Exchangeable,
  request: ExchangeTarget & { readonly actorConnectionId?: unknown; readonly actor?: unknown },
  { isOwn }: { readonly isOwn: boolean },
): Target {
  const { audience = [], resource = [], account } = request;
  const hasActor = request.actorConnectionId !== undefined || request.actor !== undefined;
  const asks = audience.length + resource.length > 0 || request.scopes !== undefined;
  if (!asks && account === undefined && !hasActor) {
    throw new StrongroomError(
      'invalid_argument',
      'Say what the token is to be exchanged for: audience, resource, scopes, account or an actor.',
      { field: 'audience' },
    );
  }
  assertAmong(audience, settings.audiences, 'audience');
  assertAmong(resource, settings.resources, 'resource');
  const scopes = request.scopes ?? settings.scopes;
  if (!scopes.every((scope) => settings.scopes.includes(scope))) {
    throw new StrongroomError(
      'scope_not_offered',
      `Tokens may be exchanged for the scopes ${settings.scopes.join(' ') || '(none)'}.`,
      { field: 'scopes' },
    );
  }
  const parameters = account === undefined ? [] : [accountParameter(settings, account, isOwn)];
  return {
    audiences: audience,
    resources: resource,
    ...(scopes.length > 0 && { scopes }),
    parameters,
  };
}

function accountParameter(
  { account: switching }: Exchangeable,
  account: string,
  isOwn: boolean,
): readonly [string, string] {
  if (switching === undefined) throw targetNotAllowed('account');
  if (!isOwn) assertAmong([account], switching.allowed, 'account');
  return [switching.parameter, account];
}

function assertAmong(asked: readonly string[], allowed: readonly string[], field: string): void {
  if (!asked.every((one) => allowed.includes(one))) throw targetNotAllowed(field);
}

export function targetNotAllowed(field: string): StrongroomError {
  return new StrongroomError(
    'target_not_allowed',
    "The provider's settings do not let its tokens be exchanged so (tokenExchange).",
    { field },
  );
}
