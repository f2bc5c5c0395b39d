import { apiOf } from '../calls/api-base.ts';
import type { Provider } from '../providers/settings-schema.ts';
import { fieldsOf } from '../providers/template.ts';
import { isSegment, type Values } from '../providers/variables.ts';
import type { Refusal } from './line.ts';

type Wrong = Omit<Refusal, 'where'>;

/**
 * What a line tells of a connection beside its tokens. What only connecting would tell, and calls
 * cannot do without, must be there; what a refresh tells again may be left out.
 */
export function wrongFieldsOf(provider: Provider, given: Values): Wrong | undefined {
  const fromCallback = 'callbackParameters' in provider ? provider.callbackParameters : [];
  const once = [...fromCallback, ...Object.keys(provider.lookup?.keep ?? {})];
  const known = [...provider.keep, ...once];
  if (!Object.keys(given).every((name) => known.includes(name))) {
    return {
      field: 'fields',
      reason: `may have ${known.join(', ') || 'nothing'} of this provider`,
    };
  }
  const { apiBaseUrl, apiHeaders, credential } = provider;
  const templates = [apiHeaders, credential.headers, credential.query].flatMap(Object.values);
  const needed = new Set([apiBaseUrl, ...templates].flatMap(fieldsOf));
  const missing = once.find((name) => needed.has(name) && !Object.hasOwn(given, name));
  if (missing !== undefined) {
    return {
      field: `fields.${missing}`,
      reason: 'is missing: calls need it, and no refresh tells it',
    };
  }
  const twisted = fromCallback.find((name) => !isSegment(given[name] ?? 'x'));
  if (twisted !== undefined) {
    return { field: `fields.${twisted}`, reason: 'must be letters, digits, ".", "_", "~" and "-"' };
  }
  const isWhole = fieldsOf(apiBaseUrl).every((name) => Object.hasOwn(given, name));
  return !isWhole || leads(provider, given)
    ? undefined
    : { field: 'fields', reason: 'leads to a host that the settings do not name (apiHosts)' };
}

function leads(provider: Provider, extra: Values): boolean {
  try {
    apiOf(provider, { extra });
    return true;
  } catch {
    return false;
  }
}
