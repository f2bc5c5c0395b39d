import assert from 'node:assert/strict';
import { refreshed } from '../../oauth/wired.ts';
import { bearsHostileAnswers } from './hostile.ts';

describe('the quirk error-in-200', () => {
  it('takes an error with status 200 for what it says, and does so for every provider', async () => {
    for (const quirks of [['error-in-200'], []]) {
      await assert.rejects(refreshed({ quirks }, { body: { ok: false, error: 'invalid_grant' } }), {
        kind: 'user',
        providerError: 'invalid_grant',
      });
    }
  });

  it('takes a token for a token, whatever stands beside it', async () => {
    const body = { access_token: 'new access', error: 'none' };
    const { answer } = await refreshed({ quirks: ['error-in-200'] }, { body });
    assert.equal(answer.access_token, 'new access');
  });

  bearsHostileAnswers('error-in-200');
});
