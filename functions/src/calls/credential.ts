import { StrongroomError } from '../errors.ts';
import type { TokenSet } from '../oauth/token-set.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { fieldsOf, fill } from '../providers/template.ts';

/** What goes with a call so that the API knows whose it is. */
export interface Credential {
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [name: string, value: string])[];
  /** What must not be seen in an answer. */
  readonly secrets: readonly string[];
}

/**
 * The credential of a connection, as the provider's settings place it: a Bearer token in the header
 * `authorization` (RFC 6750 §2.1) unless they say otherwise.
 *
 * @throws StrongroomError `provider_answer_invalid`: a field is missing, or no header takes it.
 */
export function credentialOf(
  { id, credential }: Pick<Provider, 'id' | 'credential'>,
  { accessToken, extra }: Pick<TokenSet, 'accessToken' | 'extra'>,
): Credential {
  const fields: Readonly<Record<string, string>> = { ...extra, access_token: accessToken };
  const secrets = new Set([accessToken]);
  const filled = (template: string): string => {
    const value = fill(template, fields);
    if (value === undefined || !visible.test(value)) {
      throw new StrongroomError(
        'provider_answer_invalid',
        `The credential of the provider ${id} cannot be put together as its settings say ` +
          "(credential). The app's team must look at them.",
      );
    }
    for (const name of fieldsOf(template)) secrets.add(fields[name] ?? '');
    return value;
  };
  const filledOf = (templates: Readonly<Record<string, string>>) =>
    Object.entries(templates).map(([name, template]) => [name, filled(template)] as const);
  return {
    headers: Object.fromEntries(filledOf(credential.headers)),
    query: filledOf(credential.query),
    secrets: [...secrets],
  };
}

const visible = /^[\x20-\x7e]+$/;

/** Adds what goes into the URL; callers have been refused parameters of these names. */
export function withCredential(url: URL, { query }: Credential): URL {
  for (const [name, value] of query) url.searchParams.append(name, value);
  return url;
}
