import assert from 'node:assert/strict';
import { errors } from 'oidc-provider';
import { defaultSettings } from '../../provider/settings.ts';
import { Store } from '../../provider/store.ts';

const grantId = 'grant-1';

describe("the sandbox provider's store", () => {
  let store: Store;

  beforeEach(async () => {
    store = new Store({ ...defaultSettings });
    await store.adapter('Grant').upsert(grantId, { accountId: 'ada', clientId: 'app' }, 60);
  });

  for (const model of ['RefreshToken', 'AuthorizationCode']) {
    it(`treats the second of two who both found a ${model} unspent as a replay`, async () => {
      const adapter = store.adapter(model);
      await adapter.upsert('t', { grantId }, 60);
      const [first, second] = [await adapter.find('t'), await adapter.find('t')];
      assert.ok(first && second && first.consumed === undefined && second.consumed === undefined);
      await adapter.consume('t');
      await assert.rejects(adapter.consume('t'), errors.InvalidGrant);
      assert.equal(store.grants()[0]?.status, 'revoked');
      assert.equal(await store.adapter('Grant').find(grantId), undefined);
    });
  }

  it('gives no new tokens to a grant that was revoked meanwhile', async () => {
    store.revokeGrants('ada');
    const late = store.adapter('AccessToken').upsert('t', { grantId }, 60);
    await assert.rejects(late, errors.InvalidGrant);
  });

  it('forgets what has expired', async () => {
    const adapter = store.adapter('AccessToken');
    await adapter.upsert('t', { grantId }, 0);
    assert.equal(await adapter.find('t'), undefined);
  });
});
