import { longestCacheSeconds } from '../calls/access-token.ts';
import { StrongroomError } from '../errors.ts';
import { readEnvironment } from '../platform/environment.ts';
import { createSuite, type Suite } from '../suite.ts';
import { databaseId, keyringSecretId, providersSecretId, tokenCacheSeconds } from './options.ts';

/** Checked at boot: a function whose environment is not to be trusted never serves. */
const environment = readEnvironment(process.env);

let made: Suite | undefined;

/** The suite of this instance. Made at the first request: parameters have no value before. */
export function suite(): Suite {
  made ??= createSuite(environment, {
    databaseId: databaseId.value(),
    keyringSecretId: keyringSecretId.value(),
    providersSecretId: providersSecretId.value(),
    tokenCacheSeconds: cacheSecondsOf(),
  });
  return made;
}

/** @throws StrongroomError `settings_invalid`: a mistake must not keep tokens for longer. */
function cacheSecondsOf(): number {
  const { name } = tokenCacheSeconds;
  const said = tokenCacheSeconds.value() || String(longestCacheSeconds);
  const seconds = /^\d{1,4}$/.test(said) ? Number(said) : Number.NaN;
  if (seconds <= longestCacheSeconds) return seconds;
  throw new StrongroomError(
    'settings_invalid',
    `The parameter ${name} must be a whole number from 0 to ${longestCacheSeconds}.`,
    { field: name },
  );
}
