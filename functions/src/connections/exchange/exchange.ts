import type { Audit } from '../../audit/audit.ts';
import type { TokenCache } from '../../calls/access-token.ts';
import { StrongroomError } from '../../errors.ts';
import type { Caller } from '../../identity/caller.ts';
import { lacksScope } from '../../identity/lacks-scope.ts';
import type { Limits } from '../../limits/limits.ts';
import { sendWithin } from '../../limits/send-within.ts';
import { findAuthorizingParty } from '../../oauth/authorizing-party.ts';
import { newDpopKey } from '../../oauth/dpop.ts';
import { asToldFailure } from '../../oauth/failure.ts';
import type { PartyFinder } from '../../oauth/party.ts';
import { exchangeToken, type TokenExchange, type TokenType } from '../../oauth/token-exchange.ts';
import { type TokenSet, tokenSetOf } from '../../oauth/token-set.ts';
import type { Connected } from '../connection.ts';
import { type ReleasedToken, releasedOf, releaseOff } from '../token.ts';
import {
  type Exchangeable,
  type ExchangeTarget,
  exchangeable,
  targetNotAllowed,
  targetOf,
} from './exchange-target.ts';
import {
  type Exchanged,
  giveUp,
  type KeepExchangedDependencies,
  keepExchanged,
} from './exchanged.ts';

/** What to exchange a connection's token for. At least one of what can be asked for is. */
export interface ExchangeRequest extends ExchangeTarget {
  readonly connectionId: string;
  /** Another connection of the same user to this provider, which acts for this one: delegation. */
  readonly actorConnectionId?: string | undefined;
  /** Keeps what comes as a connection. Default: it is answered, and forgotten. */
  readonly keep?: boolean | undefined;
}

/** The same within the app's own functions, which may also have an actor's token from elsewhere. */
export interface OwnExchange extends Omit<ExchangeRequest, 'keep'> {
  readonly actor?: { readonly token: string; readonly type: TokenType } | undefined;
}

export interface ExchangedToken extends ReleasedToken {
  readonly scopes: readonly string[];
}

interface ExchangeDependencies extends KeepExchangedDependencies {
  readonly tokens: Pick<TokenCache, 'get' | 'forget'>;
  readonly findParty: PartyFinder;
  readonly limits: Limits;
  readonly audit: Pick<Audit, 'write'>;
}

export interface Exchange {
  /** For a user, or a service that acts for him. */
  forCaller(
    caller: Caller,
    request: ExchangeRequest,
    deadlineAt: number,
  ): Promise<ExchangedToken | { readonly connection: Connected }>;
  /** For the app's own functions, whatever `allowTokenRelease` says. */
  forApp(uid: string, request: OwnExchange, deadlineAt: number): Promise<ExchangedToken>;
}

/**
 * Exchanges a connection's token (RFC 8693) for one with fewer scopes, for another audience, of another
 * account or with an actor, as far as the provider's `tokenExchange` allows. The connection stays as it
 * is. Each costs one request to the provider and counts as a call; in Firestore it costs 1 write for
 * the record of a token that leaves the vault, or what keeping a connection costs, and 1 read.
 *
 * @throws StrongroomError `not_offered`, `token_release_off`, `scope_not_offered`, `target_not_allowed`,
 *   `invalid_argument`: nothing was asked; `access_denied`, `authorization_failed`,
 *   `provider_misconfigured`, `provider_answer_invalid`; those of `FreshTokenSet`; `rate_limited`.
 */
export function createExchange(dependencies: ExchangeDependencies): Exchange {
  const { tokens, findParty, limits, audit, clock } = dependencies;

  const exchange = async (
    uid: string,
    request: OwnExchange & { readonly keep?: boolean | undefined },
    { isOwn, deadlineAt }: { readonly isOwn: boolean; readonly deadlineAt: number },
  ): Promise<Exchanged> => {
    const { connectionId, actorConnectionId, keep = false } = request;
    const opened = await tokens.get({ uid, connectionId, deadlineAt });
    const { provider, settings: allowed } = exchangeable(opened.provider);
    const target = targetOf(allowed, request, { isOwn });
    if (!keep && !isOwn && !provider.allowTokenRelease) throw releaseOff();
    const hasActor = request.actor !== undefined || actorConnectionId !== undefined;
    if (hasActor && !allowed.actors) throw targetNotAllowed('actorConnectionId');
    const acting =
      actorConnectionId === undefined
        ? undefined
        : await tokens.get({ uid, connectionId: actorConnectionId, deadlineAt });
    // A token goes to the provider that gave it, and to no other.
    if (acting !== undefined && acting.provider.id !== provider.id) {
      throw targetNotAllowed('actorConnectionId');
    }
    const actor = acting === undefined ? request.actor : tokenOf(acting.tokenSet, allowed);
    const subject = tokenOf(opened.tokenSet, allowed);

    // A key of its own: what is kept is bound to nothing that another connection has.
    const dpopKey = keep && provider.dpop ? await newDpopKey() : undefined;
    const { requestedTokenType } = allowed;
    const asked: TokenExchange = { ...target, subject, actor, requestedTokenType, dpopKey };
    const party = await findAuthorizingParty(findParty, provider, opened.tokenSet);
    // A key at hand: what is to be kept can then be kept.
    if (keep) await dependencies.sealer.prepare();
    const obtainedAt = clock.now();
    const path = new URL(party.server.token_endpoint ?? party.server.issuer).pathname;
    const sending = { uid, connectionId, provider, path, deadlineAt };
    const send = async () => ({
      status: 200,
      headers: {},
      given: await exchangeToken(party, asked),
    });
    const { given } = (await sendWithin(limits, sending, { send })).answer;
    const scopes = target.scopes ?? opened.tokenSet.scopes;
    const { extra } = opened.tokenSet;
    const tokenSet = tokenSetOf(given.answer, { provider, scopes, obtainedAt, dpopKey, extra });
    return { party, allowed, given, tokenSet };
  };

  const release = async (
    { uid, service }: Caller,
    actor: 'user' | 'service',
    connectionId: string,
    { party, tokenSet }: Exchanged,
  ): Promise<ExchangedToken> => {
    const provider = party.provider.id;
    const fact = { type: 'token_released', actor, uid, connectionId, provider } as const;
    const by = service && { service: service.client, issuer: service.issuer };
    try {
      await audit.write({ ...fact, ...by });
    } catch (error) {
      await giveUp(party, tokenSet);
      throw error;
    }
    return { ...releasedOf(tokenSet), scopes: tokenSet.scopes };
  };

  return {
    async forCaller(caller, request, deadlineAt) {
      const { uid, service } = caller;
      const { connectionId, keep = false } = request;
      if (keep && service?.scopes.has('connections.write') === false) {
        throw lacksScope('connections.write');
      }
      const exchanged = await asKnown(exchange(uid, request, { isOwn: false, deadlineAt }));
      if (keep) {
        const connection = await keepExchanged(dependencies, { ...request, uid }, exchanged);
        tokens.forget(connection.id);
        return { connection };
      }
      return release(caller, service === undefined ? 'user' : 'service', connectionId, exchanged);
    },
    async forApp(uid, request, deadlineAt) {
      const exchanged = await asKnown(exchange(uid, request, { isOwn: true, deadlineAt }));
      return release({ uid }, 'service', request.connectionId, exchanged);
    },
  };
}

async function asKnown<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asToldFailure(error);
  }
}

function tokenOf(
  { accessToken, idToken }: TokenSet,
  { subjectToken }: Exchangeable,
): TokenExchange['subject'] {
  const token = subjectToken === 'id_token' ? idToken : accessToken;
  if (token !== undefined) return { token, type: subjectToken };
  throw new StrongroomError(
    'provider_answer_invalid',
    'The connection has no ID token to exchange. Connect it again, asking for the scope openid.',
  );
}
