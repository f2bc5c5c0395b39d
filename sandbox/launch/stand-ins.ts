import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Meter, startMeter } from '../firestore-meter/meter.ts';
import type { LocalServer } from '../http/local-server.ts';
import { type SandboxProvider, startProvider } from '../provider/provider.ts';
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
  readonly provider: SandboxProvider;
  readonly meter: Meter;
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
  const started: LocalServer[] = [];
  const keep = <T extends LocalServer>(server: T): T => {
    started.push(server);
    return server;
  };
  const stop = async () => void (await Promise.all(started.map((server) => server.stop())));
  try {
    const secretManager = keep(await startSecretManager({ port: ports.secretManager, projectId }));
    secretManager.addSecretVersion('strongroom-keyring', randomBytes(KEY_BYTES));
    secretManager.addSecretVersion('strongroom-providers', Buffer.from(settings));
    const provider = keep(await startProvider({ port: ports.provider, clientSecret }));
    const meter = keep(
      await startMeter({ port: ports.meter, target: `127.0.0.1:${ports.firestore}` }),
    );
    return { secretManager, provider, meter, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
