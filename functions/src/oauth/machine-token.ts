import type { MachineProvider } from '../providers/settings-schema.ts';
import { clientCredentialsGrant } from './client-credentials.ts';
import { OAuthFailure } from './failure.ts';
import { assertionKeysOf, jwtBearerGrant } from './jwt-bearer.ts';
import type { Party } from './party.ts';
import { type Credentials, isOwn } from './registration.ts';
import { requestToken } from './token-request.ts';
import type { TokenAnswer } from './token-set.ts';

interface MachineRequest {
  readonly credentials: Credentials;
  readonly scopes: readonly string[];
  /** Whether there is time for a second request, where a secret or a key is being replaced. */
  readonly mayAskAgain?: (() => boolean) | undefined;
}

/**
 * Asks for an access token with credentials alone. It spends nothing: any number of such requests are
 * as good as one.
 *
 * @throws OAuthFailure, of kind `user` where the user's own credentials are refused, and never of that
 *   kind where they are the app's.
 */
export async function requestMachineToken(
  party: Party,
  provider: MachineProvider,
  { credentials, scopes, mayAskAgain = () => true }: MachineRequest,
): Promise<TokenAnswer> {
  try {
    if (provider.kind === 'client-credentials') {
      const grant = clientCredentialsGrant(provider, credentials, scopes);
      return await requestToken(party, grant, mayAskAgain);
    }
    const ask = async (key: Parameters<typeof jwtBearerGrant>[1]) => {
      const grant = await jwtBearerGrant({ ...party, provider }, key, credentials, scopes);
      return requestToken(party, grant, mayAskAgain);
    };
    const [key, other] = assertionKeysOf(provider, credentials);
    if (key === undefined) throw new OAuthFailure('user', 'invalid_grant');
    try {
      return await ask(key);
    } catch (error) {
      const isRefused = error instanceof OAuthFailure && error.providerError === 'invalid_grant';
      if (!isRefused || other === undefined || !mayAskAgain()) throw error;
      return await ask(other);
    }
  } catch (error) {
    throw error instanceof OAuthFailure ? whose(provider, error) : error;
  }
}

/** What is said of a client, which may be the user's own. */
const ofClient = new Set(['invalid_client', 'unauthorized_client', 'invalid_scope']);

/** Who must act depends on whose the credentials are. */
function whose(provider: MachineProvider, failure: OAuthFailure): OAuthFailure {
  const { kind, providerError, retryAfterSeconds } = failure;
  const isClients = kind === 'operator' && ofClient.has(providerError ?? '');
  if (isOwn(provider)) {
    return isClients ? new OAuthFailure('user', providerError, retryAfterSeconds) : failure;
  }
  return kind === 'user' ? new OAuthFailure('operator', providerError, retryAfterSeconds) : failure;
}
