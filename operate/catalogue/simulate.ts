import { randomBytes } from 'node:crypto';
import { createSuite } from '../../functions/src/suite.ts';
import { startFirestoreAlone } from '../../sandbox/launch/firestore-alone.ts';
import { startSecretManager } from '../../sandbox/secret-manager/secret-manager.ts';
import { entryIds, readCatalogueEntry } from '../../sandbox/simulator/catalogue-entry.ts';
import { converse, type OpenSuite } from '../../sandbox/simulator/conversation.ts';
import { steps } from '../../sandbox/simulator/promises.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/**
 * Takes entries through every step of the table in docs/providers.md: the suite against their simulated
 * providers and a Firestore emulator of its own. Default: all deep entries.
 *
 * @returns the exit code: 1 where one does not keep what its data promises.
 */
export async function simulateEntries(ids: readonly string[], terminal: Terminal): Promise<number> {
  const firestore = await startFirestoreAlone();
  process.env['FIRESTORE_EMULATOR_HOST'] = firestore.host;
  const projectId = 'demo-catalogue';
  const secretManager = await startSecretManager({ port: 0, projectId });
  const failures: string[] = [];
  const rows: string[][] = [];
  try {
    secretManager.addSecretVersion('strongroom-keyring', randomBytes(32));
    const openSuite: OpenSuite = (id, settings, clock) => {
      const providersSecretId = `providers-${id}`;
      secretManager.addSecretVersion(providersSecretId, Buffer.from(JSON.stringify(settings)));
      return createSuite(
        { mode: 'sandbox', projectId, secretManagerHost: `127.0.0.1:${secretManager.port}` },
        { databaseId: '(default)', keyringSecretId: 'strongroom-keyring', providersSecretId },
        { clock, enqueue: async () => {} },
      );
    };
    for (const id of ids.length > 0 ? ids : entryIds()) {
      try {
        const entry = readCatalogueEntry(id);
        const { outcomes, failure } = await converse(id, entry, { openSuite });
        rows.push([id, ...steps.map((step) => outcomes[step] ?? 'FAILED')]);
        if (failure !== undefined) failures.push(failure);
      } catch (error) {
        rows.push([id, 'FAILED']);
        failures.push(`${id}: ${error instanceof Error ? error.message : error}`);
      }
    }
  } finally {
    await secretManager.stop();
    await firestore.stop();
  }
  terminal.say(table(['entry', ...steps], rows));
  for (const failure of failures) terminal.say(`\n${failure}`);
  return failures.length === 0 ? 0 : 1;
}
