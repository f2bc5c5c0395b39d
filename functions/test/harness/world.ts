import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as v from 'valibot';
import { type Meter, startMeter } from '../../../sandbox/firestore-meter/meter.ts';
import { root } from '../../../sandbox/launch/paths.ts';
import { readSettings } from '../../../sandbox/launch/settings.ts';
import { authorize } from '../../../sandbox/provider/browser.ts';
import {
  type ProviderOptions,
  type SandboxProvider,
  startProvider,
} from '../../../sandbox/provider/provider.ts';
import {
  type SecretManager,
  startSecretManager,
} from '../../../sandbox/secret-manager/secret-manager.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import type { BeginRequest } from '../../src/connections/authorize/begin.ts';
import type { Connected } from '../../src/connections/connection.ts';
import type { AuthorizationResponse } from '../../src/oauth/authorization-code.ts';
import { type Settings, settingsSchema } from '../../src/providers/settings-schema.ts';
import { type ConnectionStore, createConnectionStore } from '../../src/store/connection-store.ts';
import type { VaultDocument } from '../../src/store/documents.ts';
import { createSuite, type Suite, type SuiteOverrides } from '../../src/suite.ts';
import { createTestClock, type TestClock } from './clock.ts';
import { clear, type Documents, openDatabase, readAll, withFirestoreAt } from './database.ts';
import { createTaskQueue, type Delivery, type Task } from './tasks.ts';

/** Documents read and written, as Firestore bills them. */
export interface Cost {
  readonly reads: number;
  readonly writes: number;
}

interface ConnectOptions extends Partial<BeginRequest> {
  /** Whose account at the provider; default: one named like the user. */
  readonly account?: string;
  readonly suite?: Suite;
}

/**
 * A suite with a provider, a Secret Manager and a Firestore project of its own, so that no test sees
 * another's; only the Firestore emulator is shared.
 */
export interface World {
  readonly projectId: string;
  readonly provider: SandboxProvider;
  readonly secretManager: SecretManager;
  /** Between the suites and Firestore. */
  readonly meter: Meter;
  /** The time of all suites here; the provider lives in the real one. */
  readonly clock: TestClock;
  /** The first instance. */
  readonly suite: Suite;
  /** Documents with their types, read past the meter. */
  readonly store: ConnectionStore;
  /** Another instance: nothing is shared with the first but what instances in the cloud share. */
  newSuite(overrides?: SuiteOverrides): Suite;
  /** What suites without an `enqueue` of their own have handed over and nobody has delivered. */
  readonly tasks: readonly Task[];
  /** Delivers them to a suite; default: the first. See `TaskQueue`. */
  runTasks(options?: Delivery & { readonly suite?: Suite }): Promise<void>;
  /** Puts the standard settings in force with that change, for suites made from now on. */
  publish(change: (settings: Settings) => Settings): void;
  /** Begins an authorization and walks the provider's pages: what the callback hands on. */
  answer(
    uid: string,
    options?: ConnectOptions & { deny?: boolean },
  ): Promise<AuthorizationResponse>;
  /** Connects an account from begin to complete. */
  connect(uid: string, options?: ConnectOptions): Promise<Connected>;
  /** Calls the connection's `/me`. @returns the provider's status. */
  call(uid: string, connectionId: string, suite?: Suite): Promise<number>;
  /** The vault's document. @throws Error where there is none. */
  vault(connectionId: string): Promise<VaultDocument>;
  documents(): Promise<Documents>;
  /** What a piece of work costs. */
  costOf(work: () => Promise<unknown>): Promise<Cost>;
  /** Forgets everything that tests leave: documents, counts, faults, outages, settings. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

const names = {
  databaseId: '(default)',
  keyringSecretId: 'strongroom-keyring',
  providersSecretId: 'strongroom-providers',
} as const;
const callTimeoutMs = 55_000;

/** @param options of the provider: further clients. */
export async function createWorld(
  options: Pick<ProviderOptions, 'extraClients'> = {},
): Promise<World> {
  const projectId = `demo-world-${randomBytes(6).toString('hex')}`;
  const firestoreHost = `127.0.0.1:${stack.ports.firestore}`;
  const provider = await startProvider({ port: 0, ...options });
  const standardProvider = provider.settings();
  const secretManager = await startSecretManager({ port: 0, projectId });
  const meter = await startMeter({ port: 0, target: firestoreHost });
  const clock = createTestClock();
  const db = openDatabase(firestoreHost, projectId);
  const store = createConnectionStore(db);
  const queue = createTaskQueue();

  const standard = standardSettings(provider);
  const publish = (change: (settings: Settings) => Settings) => {
    const settings = change(structuredClone(standard));
    secretManager.addSecretVersion(names.providersSecretId, Buffer.from(JSON.stringify(settings)));
  };
  secretManager.addSecretVersion(names.keyringSecretId, randomBytes(32));
  publish((unchanged) => unchanged);

  const newSuite = (overrides: SuiteOverrides = {}) =>
    withFirestoreAt(`127.0.0.1:${meter.port}`, () =>
      createSuite(
        { mode: 'sandbox', projectId, secretManagerHost: `127.0.0.1:${secretManager.port}` },
        names,
        { clock, enqueue: queue.enqueue, ...overrides },
      ),
    );
  const suite = newSuite();

  const answer: World['answer'] = async (uid, options = {}) => {
    const { account = uid, deny = false, suite: chosen = suite, ...request } = options;
    const begun = await chosen.begin({ uid }, { provider: 'sandbox', ...request });
    const { authorizationUrl } = begun;
    const decision = deny ? 'deny' : 'allow';
    const told = await authorize({ authorizationUrl, account, decision });
    return { state: begun.state, ...Object.fromEntries(told) };
  };

  return {
    projectId,
    provider,
    secretManager,
    meter,
    clock,
    suite,
    store,
    newSuite,
    tasks: queue.tasks,
    runTasks: ({ suite: chosen = suite, ...delivery } = {}) => queue.run(chosen, delivery),
    publish,
    answer,
    connect: async (uid, options = {}) =>
      (options.suite ?? suite).complete({ uid }, await answer(uid, options)),
    async call(uid, connectionId, chosen = suite) {
      const deadlineAt = clock.now() + callTimeoutMs;
      const request = { method: 'GET', path: '/me' };
      return (await chosen.call({ uid }, connectionId, request, deadlineAt)).status;
    },
    async vault(connectionId) {
      const found = await store.readVault(connectionId);
      if (found === undefined) throw new Error(`There is no connection ${connectionId}.`);
      return found.document;
    },
    documents: () => readAll(db),
    async costOf(work) {
      meter.reset();
      await work();
      const { reads, writes } = meter.counts();
      return { reads, writes };
    },
    async reset() {
      meter.setIntercept(undefined);
      secretManager.setUnavailable(false);
      queue.tasks.length = 0;
      provider.clearFaults();
      provider.updateSettings({ ...standardProvider });
      provider.revokeGrants();
      publish((unchanged) => unchanged);
      await clear(firestoreHost, projectId);
      provider.resetCounters();
      meter.reset();
    },
    async stop() {
      await clear(firestoreHost, projectId);
      await db.terminate();
      await Promise.all([provider.stop(), secretManager.stop(), meter.stop()]);
    },
  };
}

/** Those that `npm start` takes. */
function standardSettings(provider: SandboxProvider): Settings {
  const text = readSettings(join(root, 'emulator-data/providers.json'), {
    PROVIDER_URL: provider.url,
    HOSTING_URL: 'http://127.0.0.1:5000',
    SANDBOX_CLIENT_SECRET: provider.clientSecret,
  });
  return v.parse(settingsSchema, JSON.parse(text));
}
