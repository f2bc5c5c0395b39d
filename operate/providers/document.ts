import type { Environment } from '../../functions/src/platform/environment.ts';
import { parseSettings } from '../../functions/src/providers/settings.ts';
import type { Settings } from '../../functions/src/providers/settings-schema.ts';
import { isRecord } from '../../sandbox/http/body.ts';
import { CommandError } from '../command.ts';
import { GoogleApiError } from '../google-api.ts';
import type { Secrets } from '../secrets.ts';

/** What Secret Manager takes as one version. */
const maxBytes = 65_536;

/** The settings as they are written down, be they valid or not. */
export interface WrittenSettings {
  readonly app: unknown;
  readonly providers: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** The newest version of the settings: 0 where there is none yet. */
export interface Newest {
  readonly version: number;
  readonly written: WrittenSettings;
}

interface Place {
  readonly secrets: Secrets;
  readonly secretId: string;
  readonly environment: Environment;
}

/** The first settings of a project: its own site of Firebase Hosting, and no provider. */
export function firstSettings(projectId: string, site?: string): WrittenSettings {
  const origin = (site ?? `https://${projectId}.web.app`).replace(/\/+$/, '');
  return {
    app: { redirectUri: `${origin}/oauth/callback`, returnTo: [`${origin}/`] },
    providers: {},
  };
}

/** The team's settings, as versions of one secret: read, and added to, never edited. */
export function createSettingsDocument({ secrets, secretId, environment }: Place) {
  const isSandbox = environment.mode === 'sandbox';
  const versionNow = async () => (await secrets.versions(secretId))[0]?.number ?? 0;
  const access = async (version: number): Promise<Uint8Array> => {
    try {
      return await secrets.access(secretId, version);
    } catch (error) {
      if (!(error instanceof GoogleApiError) || error.code !== 'FAILED_PRECONDITION') throw error;
      throw new CommandError(
        `Version ${version}, the newest of ${secretId}, is disabled or destroyed, and the functions ` +
          'read the newest. Enable it, or add one: gcloud secrets versions add.',
      );
    }
  };
  /** @throws StrongroomError `settings_invalid` naming the field. */
  const parse = (bytes: Uint8Array): Settings => parseSettings(bytes, isSandbox);

  return {
    parse,

    /** @throws CommandError where it cannot be read or is not even an object. */
    async newest(): Promise<Newest> {
      const version = await versionNow();
      if (version === 0) return { version, written: firstSettings(environment.projectId) };
      return { version, written: writtenIn(await access(version), secretId, version) };
    },

    bytes: access,
    versionNow,

    /**
     * Adds a version that follows from `base`.
     *
     * @throws StrongroomError `settings_invalid`; CommandError where somebody was faster.
     */
    async add(base: number, written: WrittenSettings): Promise<number> {
      const bytes = this.validated(written);
      if (!(await secrets.exists(secretId))) await secrets.create(secretId);
      const now = await versionNow();
      if (now !== base) {
        throw new CommandError(
          `Somebody else added version ${now} of ${secretId} after you had read version ${base}. ` +
            'Nothing was changed: run the command again.',
        );
      }
      const added = await secrets.add(secretId, bytes);
      if (added === base + 1) return added;
      throw new CommandError(
        `Somebody else added version ${added - 1} of ${secretId} in the same moment; version ` +
          `${added}, yours, is in force and lacks that change. Make the other change again.`,
      );
    },

    /** As the suite itself will read it. @throws StrongroomError `settings_invalid`. */
    validated(written: WrittenSettings): Uint8Array {
      const bytes = Buffer.from(JSON.stringify(written, null, 2));
      parse(bytes);
      if (bytes.length > maxBytes) {
        throw new CommandError(
          `The settings would have ${bytes.length} bytes, and a secret holds ${maxBytes}. Remove ` +
            'providers that are not in use.',
        );
      }
      return bytes;
    },
  };
}

export type SettingsDocument = ReturnType<typeof createSettingsDocument>;

function writtenIn(bytes: Uint8Array, secretId: string, version: number): WrittenSettings {
  const value = jsonOf(bytes);
  if (isRecord(value)) {
    const { app, providers = {}, ...rest } = value;
    if (isRecord(providers)) return { ...rest, app, providers };
  }
  throw new CommandError(
    `Version ${version} of ${secretId} is no JSON object with providers. Add a version that is: ` +
      'gcloud secrets versions add.',
  );
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
