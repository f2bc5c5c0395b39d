import { type Api, apiOf } from '../calls/api-base.ts';
import { type Credential, credentialOf } from '../calls/credential.ts';
import { formsOf } from '../calls/redact.ts';
import type { Opened } from '../refresh/dependencies.ts';

/** What is the same for all requests with one token. */
export interface Ready {
  readonly api: Api;
  readonly credential: Credential;
  /** What an answer may repeat the credential as. */
  readonly forms: readonly string[];
  /** Parameters that no caller sets, and none is to see. */
  readonly hidden: ReadonlySet<string>;
  /** Whether answers are searched for it as they stream. */
  readonly redactBody: boolean;
}

/** For as long as the token set is kept in memory, and no longer. */
const made = new WeakMap<Opened, Ready>();

/** @throws StrongroomError those of `apiOf` and `credentialOf`. */
export function readyFor(opened: Opened): Ready {
  const found = made.get(opened);
  if (found !== undefined) return found;
  const { provider, tokenSet } = opened;
  const api = apiOf(provider, tokenSet);
  const credential = credentialOf(provider, tokenSet);
  const ready = {
    api,
    credential,
    forms: [...new Set(credential.secrets.flatMap(formsOf))],
    hidden: new Set([...api.base.searchParams.keys(), ...credential.query.map(([name]) => name)]),
    redactBody: provider.redactEchoes === 'always',
  };
  made.set(opened, ready);
  return ready;
}
