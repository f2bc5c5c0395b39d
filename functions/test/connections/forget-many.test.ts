import assert from 'node:assert/strict';
import { createSecretReader } from '../../src/platform/secret-manager.ts';
import { openTokenSet, sealTokenSet } from '../../src/refresh/sealed-token-set.ts';
import { createKeyring } from '../../src/vault/keyring.ts';
import { createSealer } from '../../src/vault/seal.ts';
import { pathsIn, recordsIn } from '../harness/audit.ts';
import { createWorld, type World } from '../harness/world.ts';

const many = 200;
/** As `forget.ts` has them. */
const pageSize = 50;
const atOnce = 5;

describe('forgetting a user with 200 connections', function () {
  this.timeout(180_000);
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());

  /** Copies of one connection, each sealed for itself. */
  const settle = async () => {
    const { id } = await world.connect('ada');
    const found = await world.store.readVault(id);
    const status = await world.store.readStatus('ada', id);
    assert.ok(found && status);
    const sealer = createSealer(
      createKeyring({
        secrets: createSecretReader({
          mode: 'sandbox',
          projectId: world.projectId,
          secretManagerHost: `127.0.0.1:${world.secretManager.port}`,
        }),
        secretId: 'strongroom-keyring',
        clock: world.clock,
      }),
    );
    const tokenSet = await openTokenSet(sealer, found);
    for (let n = 1; n < many; n += 1) {
      const copy = `copy-${n}`.padEnd(22, '-');
      const sealed = await sealTokenSet(
        { sealer },
        { uid: 'ada', id: copy, generation: 1, provider: found.document.provider },
        tokenSet,
      );
      const secret = { ...found.document, ...sealed, authorization: null, accountId: null };
      await world.store.create(copy, secret, status);
    }
  };

  it('reads pages, has few under way at a time, and gets to the end', async () => {
    await settle();
    const limits = new Set<unknown>();
    let [read, ended, most] = [0, 0, 0];
    world.meter.setIntercept(({ operation, body }) => {
      const text = JSON.stringify(body) ?? '';
      if (operation.name === 'runQuery' && text.includes('strongroomVault')) {
        limits.add(Number(/"limit":(?:\{"value":)?(\d+)/.exec(text)?.[1]));
      }
      if (operation.name === 'batchGet' && text.includes('strongroomVault/')) read += 1;
      if (operation.name === 'commit' && text.includes('strongroomVault/')) ended += 1;
      most = Math.max(most, read - ended);
      return undefined;
    });
    const { reads, writes } = await world.costOf(async () => {
      assert.deepEqual(await world.suite.forget('ada'), { connections: many, pending: 0 });
    });
    assert.deepEqual([...limits], [pageSize]);
    assert.ok(most > 1 && most <= atOnce, `${most} at once`);
    assert.equal(ended, many);
    // Per connection: its id and its document; both documents deleted, and one count.
    assert.ok(reads <= 2 * many + 20, `${reads} reads`);
    assert.ok(writes <= 3 * many + 10, `${writes} writes`);
    assert.deepEqual(await pathsIn(world), []);
    assert.equal((await recordsIn(world, null)).length, 1);
  });
});
