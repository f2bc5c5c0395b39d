import * as oauth from 'oauth4webapi';
import { StrongroomError } from '../errors.ts';
import type { AuthorizingParty } from './authorizing-party.ts';
import type { DpopKey } from './dpop.ts';
import { asOAuthFailure, asToldFailure, OAuthFailure } from './failure.ts';
import { acceptTokens, type GivenTokens } from './given-tokens.ts';
import { provenRequest } from './proven-request.ts';
import { membersOf, mendTokenAnswer } from './token-answer.ts';

/** A device authorization response (RFC 8628 §3.2). Durations are whole seconds. */
export interface DeviceAuthorization {
  /** Known to the vault alone: with it the tokens are fetched. */
  readonly deviceCode: string;
  readonly userCode: string;
  readonly verificationUri: string;
  /** With the user code in it. */
  readonly verificationUriComplete?: string | undefined;
  readonly expiresInSeconds: number;
  readonly intervalSeconds: number;
}

/** RFC 8628 §3.2: where the provider names none. */
const usualIntervalSeconds = 5;
const longestIntervalSeconds = 120;
/** Nobody takes longer; what waits is not to wait for days. */
const longestLifeSeconds = 3_600;

/**
 * Asks for a pair of codes (RFC 8628 §3.1).
 *
 * @throws OAuthFailure; StrongroomError `provider_misconfigured` without an endpoint.
 */
export async function authorizeDevice(
  party: AuthorizingParty,
  scopes: readonly string[],
): Promise<DeviceAuthorization> {
  const { provider, server, client, transport } = party;
  if (server.device_authorization_endpoint === undefined) {
    throw new StrongroomError(
      'provider_misconfigured',
      `The provider ${provider.id} names no device authorization endpoint. Correct its settings.`,
    );
  }
  const scope = scopes.join(provider.scopeSeparator);
  const parameters = {
    ...(scope !== '' && { scope }),
    ...(provider.resource !== undefined && { resource: provider.resource }),
  };
  return party.authenticated(async (clientAuth) => {
    try {
      const response = await oauth.deviceAuthorizationRequest(
        server,
        client,
        clientAuth,
        parameters,
        transport,
      );
      const answer = await mendDeviceAnswer(response);
      return checked(party, await oauth.processDeviceAuthorizationResponse(server, client, answer));
    } catch (error) {
      throw asOAuthFailure(error, provider.life);
    }
  });
}

/** Numbers as text become numbers, and `verification_url` gets the standard's name. */
async function mendDeviceAnswer(response: Response): Promise<Response> {
  const said = response.status < 500 ? await membersOf(response.clone()) : undefined;
  if (said === undefined) return response;
  const interval = Number(said['interval']);
  const mended = {
    ...said,
    verification_uri: said['verification_uri'] ?? said['verification_url'],
    verification_uri_complete:
      said['verification_uri_complete'] ?? said['verification_url_complete'],
    expires_in: Number(said['expires_in']),
    interval: interval > 0 ? interval : undefined,
  };
  const status = response.ok && said['error'] !== undefined ? 400 : response.status;
  const headers = { 'content-type': 'application/json' };
  return new Response(JSON.stringify(mended), { status, headers });
}

/** What a person reads off a screen: RFC 8628 §6.1. */
const userCodeShape = /^[\x20-\x7e]{1,64}$/;

/** The user is sent to the page and shown the code: neither may be something else. */
function checked(
  party: AuthorizingParty,
  answer: oauth.DeviceAuthorizationResponse,
): DeviceAuthorization {
  const { device_code: deviceCode, user_code: userCode, verification_uri: page } = answer;
  const complete = answer.verification_uri_complete;
  const { interval = usualIntervalSeconds } = answer;
  const isPage = (url: string) => isWebPage(url, party.transport[oauth.allowInsecureRequests]);
  const isGood =
    userCodeShape.test(userCode) &&
    deviceCode.length <= 4_096 &&
    answer.expires_in >= 1 &&
    isPage(page);
  if (!isGood) throw new OAuthFailure('invalid');
  return {
    deviceCode,
    userCode,
    verificationUri: page,
    ...(complete !== undefined && isPage(complete) && { verificationUriComplete: complete }),
    expiresInSeconds: Math.min(Math.floor(answer.expires_in), longestLifeSeconds),
    intervalSeconds: Math.min(Math.ceil(interval), longestIntervalSeconds),
  };
}

function isWebPage(value: string, allowHttp: boolean): boolean {
  const url = value.length <= 2_048 ? URL.parse(value) : null;
  if (url === null || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (allowHttp && url.protocol === 'http:');
}

/** What is sealed between the codes and the tokens. */
export interface DeviceSecrets {
  readonly deviceCode: string;
  /** What the tokens are to be bound to (RFC 9449). */
  readonly dpopKey?: DpopKey | undefined;
}

/** What one poll brought. `over`: no further poll brings anything. */
export type DevicePoll =
  | { readonly kind: 'given'; readonly given: GivenTokens }
  | { readonly kind: 'pending' | 'slow_down' }
  | { readonly kind: 'over'; readonly error: StrongroomError };

/**
 * Asks once whether the user has decided (RFC 8628 §3.4).
 *
 * @param mayAskAgain whether there is time to try another client secret.
 * @throws OAuthFailure where another poll may bring more.
 */
export async function pollDeviceCode(
  party: AuthorizingParty,
  { deviceCode, dpopKey }: DeviceSecrets,
  mayAskAgain: () => boolean,
): Promise<DevicePoll> {
  const { server, client, transport, provider } = party;
  const additionalParameters = {
    ...provider.tokenParameters,
    ...(provider.resource !== undefined && { resource: provider.resource }),
  };
  return party.authenticated(async (clientAuth) => {
    let isSpent = false;
    try {
      const response = await provenRequest(
        party,
        dpopKey,
        (headers) =>
          oauth.deviceCodeGrantRequest(server, client, clientAuth, deviceCode, {
            ...transport,
            headers,
            additionalParameters,
          }),
        mayAskAgain,
      );
      const mended = await mendTokenAnswer(response);
      const { error, access_token: accessToken } = mended.told;
      isSpent = accessToken !== undefined;
      const waits = !isSpent && error !== undefined && waiting.get(error);
      if (waits) return { kind: waits };
      const ended = !isSpent && response.status < 500 && error !== undefined && endOf(error);
      if (ended) return { kind: 'over', error: ended };
      const given = await acceptTokens(
        party,
        mended,
        (answer, options) => oauth.processDeviceCodeResponse(server, client, answer, options),
        dpopKey,
      );
      return { kind: 'given', given };
    } catch (error) {
      if (!isSpent) throw asOAuthFailure(error, provider.life);
      return { kind: 'over', error: asToldFailure(error, provider.life) };
    }
  }, mayAskAgain);
}

/** RFC 8628 §3.5. */
const waiting: ReadonlyMap<string, 'pending' | 'slow_down'> = new Map([
  ['authorization_pending', 'pending'],
  ['slow_down', 'slow_down'],
]);

function endOf(said: string): StrongroomError | undefined {
  switch (said) {
    case 'access_denied':
      return new StrongroomError(
        'access_denied',
        'The account was not connected: access was denied there.',
        { providerError: said },
      );
    case 'expired_token':
      return new StrongroomError(
        'state_expired',
        'The code was not entered in time. Begin again for another.',
        { field: 'state', providerError: said },
      );
    case 'invalid_grant':
      return new StrongroomError(
        'authorization_failed',
        'The provider does not know this code any more. Begin again for another.',
        { providerError: said },
      );
    default:
      return undefined;
  }
}
