import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type SecretManager, startSecretManager } from '../secret-manager/secret-manager.ts';
import { root } from './paths.ts';
import type { PortName } from './sandbox-file.ts';
import { readSettings } from './settings.ts';

export interface StandInOptions {
  readonly projectId: string;
  readonly region: string;
  readonly ports: Readonly<Record<PortName, number>>;
  /** Whether the clock fires the schedules by itself. */
  readonly ticks: boolean;
}

export interface StandIns {
  readonly secretManager: SecretManager;
  stop(): Promise<void>;
}

const KEY_BYTES = 32;
const SECRET_BYTES = 24;

/** What no emulator exists for: Secret Manager with its two secrets, the provider, the clock. */
export async function startStandIns(options: StandInOptions): Promise<StandIns> {
  const { projectId, ports } = options;
  const clientSecret = randomBytes(SECRET_BYTES).toString('base64url');
  const settings = readSettings(
    process.env['STRONGROOM_PROVIDERS_FILE'] ?? join(root, 'emulator-data/providers.json'),
    {
      PROVIDER_URL: `http://127.0.0.1:${ports.provider}`,
      HOSTING_URL: `http://127.0.0.1:${ports.hosting}`,
      SANDBOX_CLIENT_SECRET: clientSecret,
    },
  );
  const secretManager = await startSecretManager({ port: ports.secretManager, projectId });
  secretManager.addSecretVersion('strongroom-keyring', randomBytes(KEY_BYTES));
  secretManager.addSecretVersion('strongroom-providers', Buffer.from(settings));
  return {
    secretManager,
    stop: async () => {
      await secretManager.stop();
    },
  };
}
