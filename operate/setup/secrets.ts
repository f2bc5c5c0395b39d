import { randomBytes } from 'node:crypto';
import { StrongroomError } from '../../functions/src/errors.ts';
import { parseSettings } from '../../functions/src/providers/settings.ts';
import { firstSettings } from '../providers/document.ts';
import type { Difference, Need, Site } from './needs.ts';

/** 256 bits: `vault/keyring.ts`. */
const keyBytes = 32;

/** The secret whose versions are the keys, with a first one; the key is never seen by anybody. */
export function keyringNeed({ secrets, names }: Site): Need {
  const id = names.keyring;
  return {
    title: 'Keys',
    isInSandbox: true,
    async find() {
      const differences: Difference[] = [];
      if (!(await secrets.exists(id))) differences.push(missingSecret(secrets, id));
      const hasKey = async () =>
        (await secrets.versions(id)).some(({ state }) => state === 'ENABLED');
      if (!(await hasKey())) {
        differences.push({
          what: `${id} has no enabled version: nothing can be sealed`,
          change: {
            says: `add a key of ${keyBytes} random bytes to ${id}`,
            apply: async () => {
              // Somebody may have been faster; a second key would do no harm, and no good.
              if (!(await hasKey())) await secrets.add(id, randomBytes(keyBytes));
            },
          },
        });
      }
      return differences;
    },
  };
}

/** The secret that holds the providers' settings, and what it says. */
export function settingsNeed({ secrets, names, projectId, isSandbox, origin }: Site): Need {
  const id = names.providers;
  return {
    title: "Providers' settings",
    isInSandbox: true,
    async find() {
      const differences: Difference[] = [];
      if (!(await secrets.exists(id))) differences.push(missingSecret(secrets, id));
      const [newest] = await secrets.versions(id);
      if (newest === undefined) {
        const written = firstSettings(projectId, origin);
        const bytes = Buffer.from(JSON.stringify(written, null, 2));
        parseSettings(bytes, isSandbox);
        const { redirectUri } = Object(written.app);
        differences.push({
          what: `${id} has no version`,
          change: {
            says: `add settings without a provider to ${id}; redirect URI: ${redirectUri}`,
            apply: async () => {
              if ((await secrets.versions(id)).length === 0) await secrets.add(id, bytes);
            },
          },
        });
      } else if (newest.state !== 'ENABLED') {
        differences.push({
          what: `version ${newest.number}, the newest of ${id}, is ${newest.state.toLowerCase()}`,
          mend: `gcloud secrets versions enable ${newest.number} --secret ${id} --project ${projectId}`,
        });
      } else {
        differences.push(...judge(await secrets.access(id, newest.number), isSandbox));
      }
      return differences;
    },
  };
}

function missingSecret(secrets: Site['secrets'], id: string): Difference {
  return {
    what: `the secret ${id} is missing`,
    change: {
      says: `create the secret ${id}, replicated automatically`,
      apply: () => secrets.create(id),
    },
  };
}

function judge(bytes: Uint8Array, isSandbox: boolean): Difference[] {
  try {
    parseSettings(bytes, isSandbox);
    return [];
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error;
    return [{ what: error.message, mend: 'npm run providers -- check' }];
  }
}
