import { StrongroomError } from '../errors.ts';
import type { Checks } from '../identity/caller.ts';
import { isCookieName, usualCookie } from '../identity/session-cookie.ts';
import { appCheck, appCheckOnce, checkRevoked, sessionCookie } from './options.ts';
import { suite } from './suite.ts';

/** Every operation by its callable's name, and whether it is a sensitive one. */
export const operations = new Map<string, boolean>();

/**
 * How callers of an operation are checked, as the parameters say; to be asked at each request.
 *
 * @param isSensitive whether it changes who is connected, lets a token out, or tells all at once.
 */
export function guard(operation: string, isSensitive: boolean): () => Checks {
  operations.set(operation, isSensitive || operations.get(operation) === true);
  return () => {
    const { revoked, app, once, cookie } = readGuards();
    return {
      revocation: operations.get(operation) === true || revoked.has(operation),
      appCheck: !app.has(operation) ? 'off' : once.has(operation) ? 'once' : 'valid',
      sessionCookie: cookie,
      ended: (uid) => suite().sessionEnded(uid),
    };
  };
}

/** The same for a path that there is not. */
export const unknownPath = () => guardsOfNothing;
const guardsOfNothing: Checks = { revocation: false, appCheck: 'off' };

type Parameter = Pick<typeof appCheck, 'name' | 'value'>;

let read: ReturnType<typeof readAll> | undefined;

/** Once per instance. @throws StrongroomError `settings_invalid`: nobody is let in by a mistake. */
function readGuards() {
  read ??= readAll();
  return read;
}

function readAll() {
  const cookie = sessionCookie.value() || usualCookie;
  if (!isCookieName(cookie)) throw invalid(sessionCookie, 'It must be the name of a cookie.');
  return {
    revoked: operationsOf(checkRevoked),
    app: operationsOf(appCheck),
    // Where nothing is said, the stricter holds.
    once: operationsOf(appCheckOnce, 'sensitive'),
    cookie,
  };
}

function operationsOf(parameter: Parameter, usual = 'none'): ReadonlySet<string> {
  const all = [...operations.keys()];
  const words: Readonly<Record<string, readonly string[]>> = {
    none: [],
    sensitive: all.filter((operation) => operations.get(operation)),
    all,
  };
  const said = parameter.value() || usual;
  const asked = said.split(/[\s,]+/).filter(Boolean);
  const named = asked.flatMap((word) => {
    if (Object.hasOwn(words, word)) return words[word] ?? [];
    if (!operations.has(word)) {
      throw invalid(parameter, `It may be none, sensitive, all, or some of ${all.join(', ')}.`);
    }
    return word;
  });
  return new Set(named);
}

function invalid({ name }: Parameter, message: string): StrongroomError {
  return new StrongroomError('settings_invalid', `The parameter ${name} is wrong. ${message}`, {
    field: name,
  });
}
