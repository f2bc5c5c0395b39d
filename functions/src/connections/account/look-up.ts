import { addressRefused } from '../../calls/no-answer.ts';
import { type Egress, EgressError } from '../../egress/egress.ts';
import { StrongroomError } from '../../errors.ts';
import type { Party } from '../../oauth/party.ts';
import type { TokenSet } from '../../oauth/token-set.ts';
import { memberOf } from '../../platform/member.ts';
import { isNamed } from '../../providers/hosts.ts';
import { fillUrl, fixedOriginOf } from '../../providers/template.ts';
import { askApi } from './ask-api.ts';

/**
 * Adds to a token set what the provider's data has looked up once after connecting (`lookup`): where the
 * API is, or which of its tenants. It is kept, and not asked for again at a refresh.
 *
 * Cost: none without `lookup`, else one request to the provider.
 *
 * @throws StrongroomError `provider_answer_invalid`: it told nothing that can be used; `egress_refused`.
 */
export type LookUp = (party: Party, tokenSet: TokenSet) => Promise<TokenSet>;

const longestValue = 2_048;

export function createLookUp(egress: Egress): LookUp {
  return async (party, tokenSet) => {
    const { provider } = party;
    const { lookup } = provider;
    if (lookup === undefined) return tokenSet;
    const { headers, keep } = lookup;
    const url = addressOf(party, lookup.endpoint, tokenSet);
    // What goes with every call may hold what is only being looked up.
    const asking =
      headers === undefined
        ? provider
        : { ...provider, credential: { headers, query: {} }, apiHeaders: {} };
    const told = await answerOf(() => askApi(egress, asking, { url, method: 'GET' }, tokenSet));
    const found = Object.entries(keep).map(([name, path]) => {
      const value = textOf(memberOf(told, path));
      if (value === undefined) throw unusable('told nothing that can be used');
      return [name, value] as const;
    });
    return { ...tokenSet, extra: { ...tokenSet.extra, ...Object.fromEntries(found) } };
  };
}

/** Back to whoever gave the token, or to the API that it is for. */
function addressOf({ provider, server }: Party, endpoint: string, { extra = {} }: TokenSet): URL {
  const url = fillUrl(endpoint, extra);
  const known = [server.token_endpoint ?? '', provider.apiBaseUrl].map(fixedOriginOf);
  if (url !== undefined && (known.includes(url.origin) || isNamed(url, provider.apiHosts))) {
    return url;
  }
  throw unusable('cannot be asked at an address that the settings name (lookup.endpoint)');
}

async function answerOf(ask: () => Promise<Response>): Promise<unknown> {
  try {
    const response = await ask();
    if (!response.ok) throw unusable(`answered ${response.status}`);
    return await response.json();
  } catch (error) {
    if (error instanceof StrongroomError) throw error;
    if (error instanceof EgressError && error.kind === 'refused') throw addressRefused();
    throw unusable('gave no usable answer');
  }
}

function textOf(value: unknown): string | undefined {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  const isText = typeof text === 'string' && text !== '' && text.length <= longestValue;
  return isText && !/\p{Cc}/u.test(text) ? text : undefined;
}

function unusable(what: string): StrongroomError {
  return new StrongroomError(
    'provider_answer_invalid',
    `The provider ${what} when it was looked up where its API is. Connect the account again; if that ` +
      "does not help, the app's team must look at its settings (lookup).",
  );
}
