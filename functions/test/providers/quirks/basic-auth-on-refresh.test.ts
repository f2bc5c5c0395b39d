import assert from 'node:assert/strict';
import { exchanged, parametersOf, refreshed } from '../../oauth/wired.ts';
import { bearsHostileAnswers } from './hostile.ts';

const quirks = ['basic-auth-on-refresh'];
const answered = { body: { access_token: 'new access' } };

describe('the quirk basic-auth-on-refresh', () => {
  it('refreshes with Basic, and the secret in no other place', async () => {
    const { sent } = await refreshed({ quirks }, answered);
    const [request = assert.fail()] = sent;
    assert.equal(request.headers['authorization'], `Basic ${btoa('our%20client:our%20secret')}`);
    assert.deepEqual(parametersOf(request), {
      grant_type: 'refresh_token',
      refresh_token: 'old refresh',
    });
  });

  it('exchanges a code with the secret in the body', async () => {
    const { sent } = await exchanged({ quirks }, answered);
    const [request = assert.fail()] = sent;
    assert.equal(request.headers['authorization'], undefined);
    assert.equal(parametersOf(request)['client_secret'], 'our secret');
  });

  it('leaves a client without a secret as it is', async () => {
    const entry = { quirks, clientSecrets: [], clientAuthentication: 'none' };
    const { sent } = await refreshed(entry, answered);
    const [request = assert.fail()] = sent;
    assert.equal(request.headers['authorization'], undefined);
    assert.equal(parametersOf(request)['client_id'], 'our client');
  });

  bearsHostileAnswers('basic-auth-on-refresh');
});
