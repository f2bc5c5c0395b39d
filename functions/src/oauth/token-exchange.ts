import * as oauth from 'oauth4webapi';
import { StrongroomError } from '../errors.ts';
import type { AuthorizingParty } from './authorizing-party.ts';
import type { DpopKey } from './dpop.ts';
import { asOAuthFailure, OAuthFailure } from './failure.ts';
import { acceptTokens, type GivenTokens } from './given-tokens.ts';
import { provenRequest } from './proven-request.ts';
import { mendTokenAnswer } from './token-answer.ts';

/** RFC 8693 §3. */
const tokenTypePrefix = 'urn:ietf:params:oauth:token-type:';
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';

export type TokenType = 'access_token' | 'refresh_token' | 'id_token' | 'jwt';

/** What is exchanged, and for what. */
export interface TokenExchange {
  readonly subject: { readonly token: string; readonly type: TokenType };
  /** Who acts for the subject: delegation. Without one: impersonation (RFC 8693 §1.1). */
  readonly actor?: TokenExchange['subject'] | undefined;
  readonly audiences: readonly string[];
  readonly resources: readonly string[];
  readonly scopes?: readonly string[] | undefined;
  readonly requestedTokenType?: TokenType | undefined;
  /** What the new token is to be bound to (RFC 9449). */
  readonly dpopKey?: DpopKey | undefined;
  /** The provider's own. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/**
 * Exchanges a token (RFC 8693 §2). What is not of the type that was asked for is revoked.
 *
 * @throws OAuthFailure; StrongroomError `access_denied`, `provider_answer_invalid`.
 */
export async function exchangeToken(
  party: AuthorizingParty,
  request: TokenExchange,
): Promise<GivenTokens> {
  const { server, client, transport, provider } = party;
  const { requestedTokenType = 'access_token', dpopKey } = request;
  const parameters = parametersOf(request, provider.scopeSeparator);
  return party.authenticated(async (clientAuth) => {
    try {
      const response = await provenRequest(party, dpopKey, (headers) =>
        oauth.genericTokenEndpointRequest(server, client, clientAuth, exchangeGrant, parameters, {
          ...transport,
          headers,
        }),
      );
      const mended = await mendTokenAnswer(response);
      const { told } = mended;
      if (told.error === 'access_denied') throw denied();
      // To revoke this one, as something unusable, would end the connection.
      if (told.access_token === request.subject.token) throw new OAuthFailure('invalid');
      // Nor may a refresh token be revoked: with it some providers end what the subject's came from.
      const revocable = { ...mended, told: { ...told, refresh_token: undefined } };
      const process = async (answer: Response, options: oauth.ProcessTokenResponseOptions) => {
        const processed = await oauth.processGenericTokenEndpointResponse(
          server,
          client,
          answer,
          options,
        );
        assertType(processed, requestedTokenType);
        return processed;
      };
      return await acceptTokens(party, revocable, process, dpopKey);
    } catch (error) {
      throw asOAuthFailure(error, provider.life);
    }
  });
}

function parametersOf(request: TokenExchange, scopeSeparator: string): string[][] {
  const { subject, actor, audiences, resources, scopes, requestedTokenType } = request;
  const typed = (type: TokenType) => tokenTypePrefix + type;
  return [
    ['subject_token', subject.token],
    ['subject_token_type', typed(subject.type)],
    ...(actor
      ? [
          ['actor_token', actor.token],
          ['actor_token_type', typed(actor.type)],
        ]
      : []),
    ...audiences.map((audience) => ['audience', audience]),
    ...resources.map((resource) => ['resource', resource]),
    ...(scopes ? [['scope', scopes.join(scopeSeparator)]] : []),
    ...(requestedTokenType ? [['requested_token_type', typed(requestedTokenType)]] : []),
    ...request.parameters.map((parameter) => [...parameter]),
  ];
}

/**
 * RFC 8693 §2.2.1. An access token may come as a JWT, which it often is; the pair of access and
 * refresh token may be called by the latter's name.
 */
function assertType(answer: oauth.TokenEndpointResponse, requested: TokenType): void {
  const issued = answer['issued_token_type'];
  const isPair = requested === 'refresh_token' && answer.refresh_token !== undefined;
  const usable: readonly TokenType[] = isPair
    ? ['refresh_token', 'access_token']
    : ['access_token', 'jwt'];
  if (usable.some((type) => issued === tokenTypePrefix + type)) return;
  throw new OAuthFailure('invalid');
}

function denied(): StrongroomError {
  return new StrongroomError(
    'access_denied',
    'The provider does not let this token be exchanged for what was asked.',
    { providerError: 'access_denied' },
  );
}
