import { apiOf } from '../../calls/api-base.ts';
import { credentialOf } from '../../calls/credential.ts';
import type { Verify } from '../../calls/verify.ts';
import { StrongroomError } from '../../errors.ts';
import type { Caller } from '../../identity/caller.ts';
import { log } from '../../logs.ts';
import { OAuthFailure } from '../../oauth/failure.ts';
import { assertionSubjectOf } from '../../oauth/jwt-bearer.ts';
import { requestMachineToken } from '../../oauth/machine-token.ts';
import type { PartyFinder } from '../../oauth/party.ts';
import { type Credentials, registrationOf } from '../../oauth/registration.ts';
import { revoke } from '../../oauth/revocation.ts';
import { assertSendable, type TokenSet, tokenSetOf } from '../../oauth/token-set.ts';
import { type CredentialProvider, takesCredentials } from '../../providers/credential-fields.ts';
import type { SettingsReader } from '../../providers/settings.ts';
import type { MachineProvider } from '../../providers/settings-schema.ts';
import type { Account } from '../../store/documents.ts';
import { assertOffered, healedBy } from '../authorize/begin.ts';
import type { Connected } from '../connection.ts';
import { keep, keepOf } from '../keep/keep.ts';
import type { KeepDependencies } from '../keep/keeping.ts';
import type { NoteRefusal } from '../note-refusal.ts';
import { credentialsOf, shownOf } from './credentials.ts';
import { givenKeyOf, tokenSetOfKey } from './given-key.ts';
import { createRefusalLimit } from './refusal-limit.ts';

export interface AddRequest {
  readonly provider: string;
  /** By the names of the fields that `providers-list` tells; none where the app has its own. */
  readonly credentials?: Readonly<Record<string, unknown>> | undefined;
  /** Heals this connection instead of making a new one. */
  readonly connectionId?: string | undefined;
  /** Some of those the provider's settings offer; default: all of them. */
  readonly scopes?: readonly string[] | undefined;
}

interface AddDependencies extends KeepDependencies {
  readonly settings: SettingsReader;
  readonly findParty: PartyFinder;
  readonly verify: Verify;
  readonly noteRefusal: NoteRefusal;
  /** Tells this instance's cache. */
  readonly forgetToken: (connectionId: string) => void;
}

/** What is to be kept, and how what was given is taken back where it cannot be. */
interface Obtained {
  readonly tokenSet: TokenSet;
  readonly account: Account;
  readonly keep: (target: Parameters<typeof keepOf>[2], account: Account) => Promise<Connected>;
  readonly giveBack: () => Promise<void>;
}

/**
 * Connects an account by credentials, without a browser: an API key, a name and a password, or what an
 * access token is asked for with (RFC 6749 §4.4, RFC 7523 §2.1). They are tried before anything is kept:
 * a token is asked for, and the API where the provider's data names a request for it. Cost: 3 writes, 2
 * where the account is not known; 1 read more to heal a connection; the requests of the trial.
 *
 * @throws StrongroomError `credentials_refused`, `invalid_argument`, `provider_unknown`,
 *   `scope_not_offered`, `connection_not_found`, `account_mismatch`, `provider_misconfigured`,
 *   `provider_answer_invalid`, `unavailable`; `rate_limited` after ten refusals: nothing was kept.
 */
export function createAdd(dependencies: AddDependencies) {
  const { settings, sealer, store, newId, verify, noteRefusal, forgetToken } = dependencies;
  const takeTurn = createRefusalLimit(dependencies.clock);

  return async (caller: Caller, request: AddRequest): Promise<Connected> => {
    const { uid } = caller;
    const provider = await settings.provider(request.provider);
    if (!takesCredentials(provider)) throw authorizedInBrowser();
    const credentials = credentialsOf(provider, request.credentials ?? {});
    assertOffered(provider, request.scopes ?? []);
    const scopes = request.scopes ?? provider.scopes;
    const { connectionId = null } = request;
    const healed = await healedBy(store, uid, request.connectionId, provider);
    // A key at hand before a token is asked for: what the provider gives can then be kept.
    await sealer.prepare();
    const authorization = newId();
    const giveTurnBack = takeTurn(uid);
    try {
      const obtained = await obtain(dependencies, provider, credentials, scopes);
      let account: Account;
      try {
        assertUsable(provider, obtained.tokenSet);
        const verdict = await verify(provider, obtained.tokenSet);
        if (verdict?.kind === 'refused') throw refused();
        account = { ...obtained.account, ...verdict?.account };
      } catch (error) {
        await obtained.giveBack();
        throw error;
      }
      const subject = healed?.account.subject ?? null;
      const connection = await obtained.keep(
        { uid, connectionId, subject, authorization },
        account,
      );
      forgetToken(connection.id);
      giveTurnBack();
      return connection;
    } catch (error) {
      const known = asKnown(error);
      const isRefused = known instanceof StrongroomError && known.code === 'credentials_refused';
      if (!isRefused) giveTurnBack();
      await noteRefusal(caller, { id: `${uid}_${provider.id}`, provider: provider.id }, known);
      throw known;
    }
  };
}

async function obtain(
  dependencies: AddDependencies,
  provider: CredentialProvider,
  credentials: Credentials,
  scopes: readonly string[],
): Promise<Obtained> {
  const obtainedAt = dependencies.clock.now();
  const extra = shownOf(provider, credentials);
  if (provider.kind === 'api-key' || provider.kind === 'basic') {
    const key = givenKeyOf(provider, credentials);
    const tokenSet = tokenSetOfKey(key, { credentials, extra, obtainedAt });
    return {
      tokenSet,
      account: key.account,
      keep: (target, account) => keepOf(dependencies, provider, target, tokenSet, account),
      // Nobody gave it: it is the user's own.
      giveBack: async () => {},
    };
  }
  const party = await dependencies.findParty(provider, { credentials });
  const answer = await requestMachineToken(party, provider, { credentials, scopes });
  const told = tokenSetOf(answer, { provider, scopes, obtainedAt, credentials });
  const tokenSet = { ...told, extra: { ...extra, ...told.extra } };
  return {
    tokenSet,
    account: accountOf(provider, extra),
    keep: (target, account) => keep(dependencies, party, target, tokenSet, account),
    giveBack: async () => {
      await revoke(party, tokenSet).catch((failure: unknown) => log.revocationFailed(failure));
    },
  };
}

/** A machine is its own account, unless it acts for one. */
function accountOf(provider: MachineProvider, shown: Credentials): Account {
  const subject =
    provider.kind === 'jwt-bearer'
      ? assertionSubjectOf(provider, shown)
      : registrationOf(provider, shown).clientId;
  return subject === undefined ? {} : { subject: subject.slice(0, 200) };
}

/** One with which no call could be made would be of no use. */
function assertUsable(provider: CredentialProvider, tokenSet: TokenSet): void {
  assertSendable(tokenSet);
  try {
    apiOf(provider, tokenSet);
    credentialOf(provider, tokenSet);
  } catch (error) {
    // What leads astray, or nowhere, was given by the user.
    const isOurs = error instanceof StrongroomError && error.code === 'provider_answer_invalid';
    const isGiven = provider.kind === 'api-key' || provider.kind === 'basic';
    throw isOurs && isGiven ? unusable() : error;
  }
}

function asKnown(error: unknown): unknown {
  if (!(error instanceof OAuthFailure)) return error;
  return error.kind === 'user' ? refused(error.providerError) : error.toStrongroomError();
}

function refused(providerError?: string): StrongroomError {
  return new StrongroomError(
    'credentials_refused',
    'The provider does not accept these credentials. Nothing was kept; check them and try again.',
    providerError === undefined ? {} : { providerError },
  );
}

function unusable(): StrongroomError {
  return new StrongroomError(
    'invalid_argument',
    'These credentials cannot be sent, or lead to a host that the settings do not name.',
    { field: 'credentials' },
  );
}

function authorizedInBrowser(): StrongroomError {
  return new StrongroomError(
    'invalid_argument',
    'Accounts of this provider are authorized in a browser: call connections-begin.',
    { field: 'provider' },
  );
}
