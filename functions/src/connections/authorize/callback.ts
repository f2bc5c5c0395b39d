import { StrongroomError } from '../../errors.ts';
import type { Clock } from '../../platform/clock.ts';
import type { ConnectionStore } from '../../store/connection-store.ts';
import type { AuthorizationDocument } from '../../store/documents.ts';
import { authorizationIdOf } from './remember.ts';

/** Where an answer goes, and what of it besides the protocol's own. */
export interface CallbackTarget {
  readonly target: URL;
  /** What the code is called. */
  readonly codeParameter: string;
  /** Names of parameters that the provider's data keeps. */
  readonly kept: readonly string[];
}

/**
 * Where the callback page hands an authorization response to. Cost: 1 read.
 *
 * @param provider whose own redirect URI the response came to, where it came to one.
 * @throws StrongroomError `state_unknown`, `state_used`, `state_expired`, `issuer_mismatch`: nothing is
 *   handed on.
 */
export function createCallbackTarget({ store, clock }: { store: ConnectionStore; clock: Clock }) {
  return async (state: string, provider?: string): Promise<CallbackTarget> => {
    const found = await store.readAuthorization(authorizationIdOf(state));
    // A device's authorization ends where it began, and nobody is sent anywhere.
    if (found === undefined || found.document.device) {
      throw new StrongroomError('state_unknown', 'Nobody here is waiting for this answer.');
    }
    if (found.document.usedAt !== null) {
      throw new StrongroomError('state_used', 'This account was connected already.');
    }
    if (clock.now() >= found.document.expiresAt) {
      throw new StrongroomError('state_expired', 'This took too long. Start again in the app.');
    }
    if (provider !== redirectedTo(found.document)) {
      throw new StrongroomError(
        'issuer_mismatch',
        'The answer does not come from the provider that was asked. Connect the account again.',
      );
    }
    const { returnTo, callbackParameters: kept = [], codeParameter = 'code' } = found.document;
    return { target: new URL(returnTo), codeParameter, kept };
  };
}

/** Whose own redirect URI an answer is awaited at (RFC 9700 §4.4.2.2); undefined: at that of all. */
function redirectedTo({ redirectUri, provider }: AuthorizationDocument): string | undefined {
  return new URL(redirectUri).pathname.endsWith(`/callback/${provider}`) ? provider : undefined;
}
