import assert from 'node:assert/strict';
import { type SandboxProvider, startProvider } from '../../provider/provider.ts';
import { RelyingParty } from './client.ts';

describe("the sandbox provider's rotation of refresh tokens", () => {
  let provider: SandboxProvider;
  let party: RelyingParty;

  beforeEach(async () => {
    provider = await startProvider({ port: 0 });
    party = new RelyingParty(provider);
  });

  afterEach(() => provider.stop());

  it('gives the same refresh token again while rotation is none', async () => {
    provider.updateSettings({ rotation: 'none' });
    const first = await party.connect();
    const second = await party.refresh(first.refresh_token);
    assert.equal(second.refresh_token, first.refresh_token);
    await party.refresh(first.refresh_token);
    assert.equal(provider.grants()[0]?.status, 'active');
  });

  it('takes a spent refresh token within the grace period, and not after it', async () => {
    provider.updateSettings({ rotation: 'grace', graceSeconds: 60 });
    const first = await party.connect();
    const second = await party.refresh(first.refresh_token);
    const again = await party.refresh(first.refresh_token);
    assert.notEqual(again.refresh_token, second.refresh_token);
    provider.updateSettings({ rotation: 'strict' });
    await assert.rejects(party.refresh(first.refresh_token), { error: 'invalid_grant' });
    assert.equal(provider.grants()[0]?.status, 'revoked');
  });

  it('gives a refresh token only with offline_access', async () => {
    const { refresh_token: refreshToken } = await party.connect('ada', 'openid profile');
    assert.equal(refreshToken, undefined);
  });

  it('ends a grant whose refresh token is revoked by its client (RFC 7009)', async () => {
    const tokens = await party.connect();
    await party.revoke(tokens.refresh_token);
    await assert.rejects(party.refresh(tokens.refresh_token), { error: 'invalid_grant' });
    assert.equal((await party.call('/me', tokens.access_token)).status, 401);
    assert.equal(provider.grants()[0]?.status, 'revoked');
  });
});
