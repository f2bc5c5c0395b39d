import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { entryIds, readCatalogueEntry } from '../../../sandbox/simulator/catalogue-entry.ts';
import { converse, type OpenSuite } from '../../../sandbox/simulator/conversation.ts';
import { createSuite } from '../../src/suite.ts';
import { withFirestoreAt } from '../harness/database.ts';
import { createWorld, type World } from '../harness/world.ts';

describe('catalogue', () => {
  let world: World;
  let openSuite: OpenSuite;

  before(async () => {
    world = await createWorld();
    openSuite = suitesIn(world);
  });
  after(() => world.stop());

  for (const id of entryIds()) {
    it(`${id} connects, calls, refreshes twice and is revoked, as its data promises`, async () => {
      const { promised, outcomes, failure } = await converse(id, readCatalogueEntry(id), {
        openSuite,
      });
      assert.equal(failure, undefined);
      assert.deepEqual(outcomes, promised);
    });
  }
});

/** Suites of the world's project, each with settings in a secret of its own. */
function suitesIn({ projectId, secretManager, meter }: World): OpenSuite {
  return (id, settings, clock) => {
    const providersSecretId = `strongroom-providers-${id}-${randomBytes(4).toString('hex')}`;
    secretManager.addSecretVersion(providersSecretId, Buffer.from(JSON.stringify(settings)));
    const names = { databaseId: '(default)', keyringSecretId: 'strongroom-keyring' };
    const secretManagerHost = `127.0.0.1:${secretManager.port}`;
    return withFirestoreAt(`127.0.0.1:${meter.port}`, () =>
      createSuite(
        { mode: 'sandbox', projectId, secretManagerHost },
        { ...names, providersSecretId },
        { clock, enqueue: async () => {} },
      ),
    );
  };
}
