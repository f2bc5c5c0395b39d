import { readEnvironment } from '../platform/environment.ts';
import { createSuite, type Suite } from '../suite.ts';
import { databaseId, keyringSecretId, providersSecretId } from './options.ts';

/** Checked at boot: a function whose environment is not to be trusted never serves. */
const environment = readEnvironment(process.env);

let made: Suite | undefined;

/** The suite of this instance. Made at the first request: parameters have no value before. */
export function suite(): Suite {
  made ??= createSuite(environment, {
    databaseId: databaseId.value(),
    keyringSecretId: keyringSecretId.value(),
    providersSecretId: providersSecretId.value(),
  });
  return made;
}
