import {
  type SecretManager,
  startSecretManager,
} from '../../sandbox/secret-manager/secret-manager.ts';
import { createSecretReader, type SecretReader } from '../src/platform/secret-manager.ts';
import { PassThroughClient, SecretManagerServiceClient } from './clients.ts';

const projectId = 'demo-secrets';

/** The Secret Manager stand-in, and the suite's own reader that talks to it. */
export interface Secrets extends Omit<SecretManager, 'url'> {
  readonly reader: SecretReader;
  disable(secretId: string, version: string): Promise<void>;
}

export async function startSecrets(): Promise<Secrets> {
  const standIn = await startSecretManager({ port: 0, projectId });
  const administrator = new SecretManagerServiceClient({
    fallback: true,
    protocol: 'http',
    apiEndpoint: '127.0.0.1',
    port: standIn.port,
    authClient: new PassThroughClient(),
    projectId,
  });
  return {
    ...standIn,
    reader: createSecretReader({
      mode: 'sandbox',
      projectId,
      secretManagerHost: `127.0.0.1:${standIn.port}`,
    }),
    async disable(secretId, version) {
      const name = `projects/${projectId}/secrets/${secretId}/versions/${version}`;
      await administrator.disableSecretVersion({ name });
    },
    async stop() {
      await administrator.close();
      await standIn.stop();
    },
  };
}
