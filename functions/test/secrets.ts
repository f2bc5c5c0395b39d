import {
  type SecretManager,
  startSecretManager,
} from '../../sandbox/secret-manager/secret-manager.ts';
import { createSecretReader, type SecretReader } from '../src/platform/secret-manager.ts';
import { createSecretWriter, type SecretWriter } from '../src/platform/secret-writer.ts';

const projectId = 'demo-secrets';

/** The Secret Manager stand-in, and the suite's own clients that talk to it. */
export interface Secrets extends Omit<SecretManager, 'url'> {
  readonly reader: SecretReader;
  readonly writer: SecretWriter;
  disable(secretId: string, version: string): Promise<void>;
}

export async function startSecrets(): Promise<Secrets> {
  const standIn = await startSecretManager({ port: 0, projectId });
  const environment = {
    mode: 'sandbox',
    projectId,
    secretManagerHost: `127.0.0.1:${standIn.port}`,
  } as const;
  const writer = createSecretWriter(environment);
  return {
    ...standIn,
    reader: createSecretReader(environment),
    writer,
    disable: writer.disable,
  };
}
