import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Clock, startClock } from '../clock/clock.ts';
import { type Meter, startMeter } from '../firestore-meter/meter.ts';
import type { LocalServer } from '../http/local-server.ts';
import { type SandboxProvider, startProvider } from '../provider/provider.ts';
import { type SecretManager, startSecretManager } from '../secret-manager/secret-manager.ts';
import { root } from './paths.ts';
import type { PortName } from './sandbox-file.ts';
import { readSettings, withSandbox } from './settings.ts';
import { type WithSimulated, withSimulated } from './simulated.ts';

export interface StandInOptions {
  readonly projectId: string;
  readonly region: string;
  readonly ports: Readonly<Record<PortName, number>>;
}

export interface StandIns {
  readonly secretManager: SecretManager;
  readonly provider: SandboxProvider;
  readonly meter: Meter;
  /** Fires nothing by itself until resumed. */
  readonly clock: Clock;
  /** Providers of the catalogue that the settings ask for, by their ids. */
  readonly simulated: WithSimulated['providers'];
  stop(): Promise<void>;
}

/** As `functions/src/triggers/schedules.ts` has them. */
export const schedules = [
  { name: 'rotateTokens', everySeconds: 60 },
  { name: 'sweep', everySeconds: 3600 },
  { name: 'rotateKeys', everySeconds: 86_400 },
];

const KEY_BYTES = 32;
const SECRET_BYTES = 24;

/** What no emulator exists for: Secret Manager with its two secrets, the provider, the clock. */
export async function startStandIns(options: StandInOptions): Promise<StandIns> {
  const { projectId, region, ports } = options;
  const clientSecret = randomBytes(SECRET_BYTES).toString('base64url');
  const values = {
    PROVIDER_URL: `http://127.0.0.1:${ports.provider}`,
    HOSTING_URL: `http://127.0.0.1:${ports.hosting}`,
    SANDBOX_CLIENT_SECRET: clientSecret,
  };
  const standard = readSettings(join(root, 'emulator-data/providers.json'), values);
  const own = process.env['STRONGROOM_PROVIDERS_FILE'];
  const settings = own ? withSandbox(readSettings(own, values), standard) : standard;
  const started: LocalServer[] = [];
  const keep = <T extends LocalServer>(server: T): T => {
    started.push(server);
    return server;
  };
  const stop = async () => void (await Promise.all(started.map((server) => server.stop())));
  try {
    const simulated = await withSimulated(settings);
    started.push(...simulated.servers);
    const secretManager = keep(await startSecretManager({ port: ports.secretManager, projectId }));
    secretManager.addSecretVersion('strongroom-keyring', randomBytes(KEY_BYTES));
    secretManager.addSecretVersion('strongroom-providers', Buffer.from(simulated.settings));
    const provider = keep(await startProvider({ port: ports.provider, clientSecret }));
    const meter = keep(
      await startMeter({ port: ports.meter, target: `127.0.0.1:${ports.firestore}` }),
    );
    const clock = keep(
      await startClock({
        port: ports.clock,
        functionsUrl: `http://127.0.0.1:${ports.functions}`,
        projectId,
        region,
        schedules,
        paused: true,
      }),
    );
    return { secretManager, provider, meter, clock, simulated: simulated.providers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
