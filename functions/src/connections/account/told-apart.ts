import type { TokenSet } from '../../oauth/token-set.ts';
import type { Provider } from '../../providers/settings-schema.ts';
import { fieldsOf } from '../../providers/template.ts';
import type { Account } from '../../store/documents.ts';

/**
 * Two tenants of a provider may each have a user 1: what tells them apart becomes a part of the subject,
 * `1@acme`. That is what the user said of variables, and what his browser brought (`callbackParameters`)
 * as far as it says where the API is. It is encoded, so that what follows the last `@` is all of it.
 */
export function toldApart(
  provider: Provider,
  { extra = {} }: Pick<TokenSet, 'extra'>,
  account: Account,
): Account {
  const { subject } = account;
  const names = tenantNamesOf(provider);
  if (subject === undefined || names.length === 0) return account;
  const tenant = names.map((name) => encodeURIComponent(extra[name] ?? '')).join(',');
  return { ...account, subject: `${subject}@${tenant}` };
}

function tenantNamesOf(provider: Provider): string[] {
  const brought = 'callbackParameters' in provider ? provider.callbackParameters : [];
  const placed = new Set(fieldsOf(provider.apiBaseUrl));
  return [...Object.keys(provider.variables), ...brought.filter((name) => placed.has(name))];
}
