import * as v from 'valibot';
import type { Caller } from '../../identity/caller.ts';
import {
  type AuthorizationResponse,
  exchangeCode,
  validateResponse,
} from '../../oauth/authorization-code.ts';
import type { AuthorizationSecrets } from '../../oauth/authorization-request.ts';
import { authorizing, findAuthorizingParty } from '../../oauth/authorizing-party.ts';
import { dpopKeySchema } from '../../oauth/dpop.ts';
import { OAuthFailure } from '../../oauth/failure.ts';
import type { PartyFinder } from '../../oauth/party.ts';
import type { SettingsReader } from '../../providers/settings.ts';
import type { Values } from '../../providers/variables.ts';
import { rejected } from '../../vault/keyring.ts';
import type { Connected } from '../connection.ts';
import { type KeepGivenDependencies, keepGiven } from '../keep/keep-given.ts';
import type { NoteRefusal } from '../note-refusal.ts';
import { broughtOf } from './brought.ts';
import { type Pending, pendingOf, stateUsed } from './pending.ts';
import { authorizationIdOf, placeOfSecrets } from './remember.ts';

export interface CompleteRequest extends AuthorizationResponse {
  /** What of the rest the callback page handed on: `{"realmId": "…"}`. */
  readonly parameters?: Values | undefined;
}

interface CompleteDependencies extends KeepGivenDependencies {
  readonly settings: SettingsReader;
  readonly findParty: PartyFinder;
  readonly noteRefusal: NoteRefusal;
}

/**
 * Finishes an authorization as the user who began it, which is what stops an attacker from planting
 * his account in a victim's session. Cost: 1 read and 4 writes, 3 where the account is not known; one
 * request to the provider, and one more where the ID token does not tell whose account it is. An account that is connected already: see `keepOf`.
 *
 * @throws StrongroomError `state_unknown`, `state_used`, `state_expired`, `state_of_another_user`,
 *   `invalid_argument`: nothing was changed; `access_denied`, `authorization_failed`, `issuer_mismatch`,
 *   `provider_misconfigured`, `unavailable`: begin again.
 */
export function createComplete(dependencies: CompleteDependencies) {
  const { store, settings, findParty, sealer, clock, newId, noteRefusal } = dependencies;

  return async (caller: Caller, response: CompleteRequest): Promise<Connected> => {
    const id = authorizationIdOf(response.state);
    const found = await store.readAuthorization(id);
    const refused = async (error: unknown) => {
      const authorization = found && { id, provider: found.document.provider };
      if (authorization !== undefined) await noteRefusal(caller, authorization, error);
    };
    let pending: Pending;
    try {
      pending = pendingOf(found, caller, clock.now(), begunBy);
    } catch (error) {
      await refused(error);
      throw error;
    }
    const { stored, sealed } = pending;
    const { document } = stored;
    try {
      const provider = authorizing(await settings.provider(document.provider));
      const brought = broughtOf(provider, response.parameters);
      const place = placeOfSecrets(caller.uid, id, document.provider);
      const { variables, ...secrets } = secretsOf(await sealer.open(sealed, place));
      const extra = { ...variables, ...brought };
      const party = await findAuthorizingParty(findParty, provider, { extra });
      // A key at hand before the code is spent: what the provider gives can then be kept.
      await sealer.prepare();
      // Whatever comes next, this state is used up: a code is exchanged once at most.
      if (!(await store.useAuthorization(stored, clock.now(), newId()))) throw stateUsed(begunBy);

      const code = validateResponse(party, response);
      const obtainedAt = clock.now();
      const given = await exchangeCode(party, code, document.redirectUri, secrets);
      const asked = { obtainedAt, dpopKey: secrets.dpopKey, extra };
      return await keepGiven(dependencies, party, stored, given, asked);
    } catch (error) {
      const known = error instanceof OAuthFailure ? error.toStrongroomError() : error;
      await refused(known);
      throw known;
    }
  };
}

const begunBy = 'connections-begin';

const secretsSchema = v.object({
  codeVerifier: v.optional(v.string()),
  nonce: v.optional(v.string()),
  dpopKey: v.optional(dpopKeySchema),
  variables: v.optional(v.record(v.string(), v.string())),
});

function secretsOf(
  value: unknown,
): AuthorizationSecrets & { readonly variables?: Values | undefined } {
  const result = v.safeParse(secretsSchema, value);
  if (!result.success) throw rejected();
  return result.output;
}
