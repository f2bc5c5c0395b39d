import * as v from 'valibot';
import type { Audit } from '../audit/audit.ts';
import { type ErrorCode, StrongroomError } from '../errors.ts';
import type { Caller } from '../identity/caller.ts';
import {
  type AuthorizationResponse,
  type AuthorizationSecrets,
  exchangeCode,
  validateResponse,
} from '../oauth/authorization-code.ts';
import { authorizing } from '../oauth/authorizing-party.ts';
import { dpopKeySchema } from '../oauth/dpop.ts';
import { OAuthFailure } from '../oauth/failure.ts';
import { refusedScopesOf } from '../oauth/granted-scopes.ts';
import type { PartyFinder } from '../oauth/party.ts';
import { tokenSetOf } from '../oauth/token-set.ts';
import type { SettingsReader } from '../providers/settings.ts';
import type { Account, AuthorizationDocument } from '../store/documents.ts';
import type { Stored } from '../store/stored.ts';
import { rejected } from '../vault/keyring.ts';
import { authorizationIdOf, placeOfSecrets } from './begin.ts';
import type { Connected } from './connection.ts';
import { type KeepDependencies, keep } from './keep.ts';

interface CompleteDependencies extends KeepDependencies {
  readonly settings: SettingsReader;
  readonly findParty: PartyFinder;
  readonly audit: Pick<Audit, 'note'>;
  /** Tells this instance's cache. */
  readonly forgetToken: (connectionId: string) => void;
}

/**
 * Finishes an authorization as the user who began it, which is what stops an attacker from planting
 * his account in a victim's session. Cost: 1 read and 4 writes, 3 where the account is not known; one
 * request to the provider. An account that is connected already: see `keepOf`.
 *
 * @throws StrongroomError `state_unknown`, `state_used`, `state_expired`, `state_of_another_user`:
 *   nothing was changed; `access_denied`, `authorization_failed`, `issuer_mismatch`,
 *   `provider_misconfigured`, `unavailable`: begin again.
 */
export function createComplete(dependencies: CompleteDependencies) {
  const { store, settings, findParty, sealer, audit, clock, newId, forgetToken } = dependencies;

  return async (caller: Caller, response: AuthorizationResponse): Promise<Connected> => {
    const id = authorizationIdOf(response.state);
    const found = await store.readAuthorization(id);
    const refused = async (error: unknown) => {
      if (found === undefined || !(error instanceof StrongroomError)) return;
      const { code } = error;
      if (!auditedRefusals.has(code)) return;
      const { provider } = found.document;
      const fact = { type: 'connect_refused', actor: 'user', provider, code } as const;
      // Whoever brings another's state can do so as often as he likes.
      await audit.note({ ...fact, uid: caller.uid }, `refused_${id.slice(0, 100)}`);
    };
    let pending: ReturnType<typeof pendingOf>;
    try {
      pending = pendingOf(found, caller, clock.now());
    } catch (error) {
      await refused(error);
      throw error;
    }
    const { stored, sealed } = pending;
    const { document } = stored;
    try {
      const provider = authorizing(await settings.provider(document.provider));
      const party = { ...(await findParty(provider)), provider };
      const place = placeOfSecrets(caller.uid, id, document.provider);
      const secrets = secretsOf(await sealer.open(sealed, place));
      // A key at hand before the code is spent: what the provider gives can then be kept.
      await sealer.prepare();
      // Whatever comes next, this state is used up: a code is exchanged once at most.
      if (!(await store.useAuthorization(stored, clock.now(), newId()))) throw stateUsed();

      const code = validateResponse(party, response);
      const obtainedAt = clock.now();
      const given = await exchangeCode(party, code, document.redirectUri, secrets);
      const { scopes } = document;
      const { dpopKey } = secrets;
      const tokenSet = tokenSetOf(given.answer, { provider, scopes, obtainedAt, dpopKey });
      const connection = await keep(
        dependencies,
        party,
        { ...document, authorization: id },
        tokenSet,
        accountOf(given.claims),
      );
      forgetToken(connection.id);
      const refusedScopes = refusedScopesOf(provider, scopes, tokenSet);
      return { ...connection, ...(refusedScopes.length > 0 && { refusedScopes }) };
    } catch (error) {
      const known = error instanceof OAuthFailure ? error.toStrongroomError() : error;
      await refused(known);
      throw known;
    }
  };
}

/** Refusals that say something of whoever met them; the others are about the state of things. */
const auditedRefusals: ReadonlySet<ErrorCode> = new Set([
  'state_of_another_user',
  'issuer_mismatch',
  'access_denied',
  'authorization_failed',
  'account_mismatch',
]);

function pendingOf(
  stored: Stored<AuthorizationDocument> | undefined,
  { uid }: Caller,
  now: number,
): { stored: Stored<AuthorizationDocument>; sealed: string } {
  if (stored === undefined) {
    throw new StrongroomError(
      'state_unknown',
      'No authorization was begun with this state. Call connections-begin first.',
      { field: 'state' },
    );
  }
  const { document } = stored;
  if (document.uid !== uid) {
    throw new StrongroomError(
      'state_of_another_user',
      'This authorization was begun by another user. Only he can complete it.',
      { field: 'state' },
    );
  }
  if (document.usedAt !== null || document.sealed === null) throw stateUsed();
  if (now >= document.expiresAt) {
    throw new StrongroomError(
      'state_expired',
      'This authorization took too long. Call connections-begin again.',
      { field: 'state' },
    );
  }
  return { stored, sealed: document.sealed };
}

function stateUsed(): StrongroomError {
  return new StrongroomError(
    'state_used',
    'This authorization was completed already. Call connections-begin for another.',
    { field: 'state' },
  );
}

const secretsSchema = v.object({
  codeVerifier: v.optional(v.string()),
  nonce: v.optional(v.string()),
  dpopKey: v.optional(dpopKeySchema),
});

function secretsOf(value: unknown): AuthorizationSecrets {
  const result = v.safeParse(secretsSchema, value);
  if (!result.success) throw rejected();
  return result.output;
}

type Claims = Awaited<ReturnType<typeof exchangeCode>>['claims'];

function accountOf(claims: Claims): Account {
  if (claims === undefined) return {};
  const { sub, name, email } = claims;
  return {
    subject: sub,
    ...(typeof name === 'string' && { name: name.slice(0, 200) }),
    ...(typeof email === 'string' && { email: email.slice(0, 200) }),
  };
}
