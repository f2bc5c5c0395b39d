import { requestMachineToken } from '../oauth/machine-token.ts';
import type { Party } from '../oauth/party.ts';
import { spendRefreshToken } from '../oauth/refresh-token.ts';
import type { TokenAnswer, TokenSet } from '../oauth/token-set.ts';
import { neededFieldsOf } from '../providers/credential-fields.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { graceMsOf } from './protocol.ts';

/** How a new token set is got in the place of another. */
export interface Renewal {
  /** What it spends. Absent: nothing, so that any number of requests are as good as one. */
  readonly refreshToken?: string;
  /** For how long it can be spent again; what spends nothing can always be asked for again. */
  readonly graceMs: number;
  /** @throws OAuthFailure, StrongroomError */
  readonly ask: (party: Party, mayAskAgain: () => boolean) => Promise<TokenAnswer>;
}

type Strategy = (provider: Provider, tokenSet: TokenSet) => Renewal | undefined;

/** RFC 6749 §6. */
const byRefreshToken: Strategy = ({ life }, tokenSet) => {
  const { refreshToken } = tokenSet;
  if (refreshToken === undefined) return undefined;
  const ask: Renewal['ask'] = (party, mayAskAgain) =>
    spendRefreshToken(party, { ...tokenSet, refreshToken }, mayAskAgain);
  return { refreshToken, graceMs: graceMsOf(life), ask };
};

/** The first request once more. */
const byCredentials: Strategy = (provider, { credentials, scopes }) => {
  const isMachine = provider.kind === 'client-credentials' || provider.kind === 'jwt-bearer';
  // Where the settings ask for others by now, its user must bring them.
  const has = (name: string) => Object.hasOwn(credentials ?? {}, name);
  if (!isMachine || !neededFieldsOf(provider).every(has) || credentials === undefined) {
    return undefined;
  }
  const ask: Renewal['ask'] = (party, mayAskAgain) =>
    requestMachineToken(party, provider, { credentials, scopes, mayAskAgain });
  return { graceMs: Number.POSITIVE_INFINITY, ask };
};

const never: Strategy = () => undefined;

const strategies: Readonly<Record<Provider['kind'], Strategy>> = {
  oidc: byRefreshToken,
  oauth2: byRefreshToken,
  'client-credentials': byCredentials,
  'jwt-bearer': byCredentials,
  'api-key': never,
  basic: never,
};

/** @returns undefined where there is nothing to get another with. */
export function renewalOf(provider: Provider, tokenSet: TokenSet): Renewal | undefined {
  return strategies[provider.kind](provider, tokenSet);
}
