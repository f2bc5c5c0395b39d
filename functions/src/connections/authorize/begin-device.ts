import type { Caller } from '../../identity/caller.ts';
import { findAuthorizingParty } from '../../oauth/authorizing-party.ts';
import { authorizeDevice, type DeviceSecrets } from '../../oauth/device-authorization.ts';
import { newDpopKey } from '../../oauth/dpop.ts';
import { asToldFailure } from '../../oauth/failure.ts';
import type { PartyFinder } from '../../oauth/party.ts';
import type { AuthorizingProvider, Provider } from '../../providers/settings-schema.ts';
import { type Values, variablesOf } from '../../providers/variables.ts';
import { notOffered } from '../not-offered.ts';
import { type BeginDependencies, type BeginRequest, healedBy, scopesOf } from './begin.ts';
import { remember } from './remember.ts';

export type BeginDeviceRequest = Pick<
  BeginRequest,
  'provider' | 'connectionId' | 'scopes' | 'variables'
>;

/** What the user is shown; where he enters the code, and where the app asks whether he has. */
export interface BegunDevice {
  /** For `connections-pollDevice`. */
  readonly state: string;
  readonly userCode: string;
  readonly verificationUri: string;
  /** With the code in it: for a QR code. */
  readonly verificationUriComplete?: string;
  /** How long to wait before each poll. */
  readonly intervalSeconds: number;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/**
 * Starts the authorization of an app that has no browser (RFC 8628 §3.1). Cost: 1 write, and 1 read to
 * heal a connection; one request to the provider.
 *
 * @throws StrongroomError `not_offered`, `provider_unknown`, `scope_not_offered`, `invalid_argument`,
 *   `connection_not_found`, `provider_misconfigured`, `provider_answer_invalid`, `unavailable`.
 */
export function createBeginDevice(dependencies: BeginDependencies) {
  const { store, settings, findParty, sealer, clock, newState } = dependencies;

  return async ({ uid }: Caller, request: BeginDeviceRequest): Promise<BegunDevice> => {
    const provider = deviceProvider(await settings.provider(request.provider));
    scopesOf(provider, request.scopes);
    const variables = variablesOf(provider, request.variables);
    const healed = await healedBy(store, uid, request.connectionId, provider);
    const scopes = scopesOf(provider, request.scopes, healed?.scopes);
    // A code without a place to keep it would be of no use.
    await sealer.prepare();
    const codes = await codesOf(findParty, provider, variables, scopes);
    const { deviceCode, expiresInSeconds, ...shown } = codes;

    const state = newState();
    const secrets: DeviceSecrets = {
      deviceCode,
      ...(provider.dpop && { dpopKey: await newDpopKey() }),
    };
    const now = clock.now();
    const expiresAt = now + expiresInSeconds * 1_000;
    const { intervalSeconds } = shown;
    const { connectionId } = request;
    const sealed = { ...secrets, variables };
    const begun = { state, uid, provider, connectionId, healed, scopes, sealed, expiresAt };
    const device = { intervalSeconds, pollAt: now };
    await remember(dependencies, begun, { redirectUri: '', returnTo: '', device });
    const { userCode, verificationUri, verificationUriComplete } = shown;
    return {
      state,
      userCode,
      verificationUri,
      ...(verificationUriComplete !== undefined && { verificationUriComplete }),
      intervalSeconds,
      expiresAt: new Date(expiresAt).toISOString(),
    };
  };
}

/**
 * Whoever has the code of somebody else's device can be talked into entering it (RFC 8628 §5.4), so
 * this is for the team to allow.
 *
 * @throws StrongroomError `not_offered`
 */
export function deviceProvider(provider: Provider): AuthorizingProvider {
  if ('deviceAuthorization' in provider && provider.deviceAuthorization) return provider;
  throw notOffered('deviceAuthorization');
}

async function codesOf(
  findParty: PartyFinder,
  provider: AuthorizingProvider,
  extra: Values,
  scopes: readonly string[],
) {
  try {
    return await authorizeDevice(
      await findAuthorizingParty(findParty, provider, { extra }),
      scopes,
    );
  } catch (error) {
    throw asToldFailure(error);
  }
}
