import assert from 'node:assert/strict';
import { exchanged, refreshed } from '../../oauth/wired.ts';
import { bearsHostileAnswers } from './hostile.ts';

const quirks = ['refresh-with-access-token'];

describe('the quirk refresh-with-access-token', () => {
  it('keeps the access token as what is spent for the next one', async () => {
    const [first, next] = await Promise.all([
      exchanged({ quirks }, { body: { access_token: 'first' } }),
      refreshed({ quirks }, { body: { access_token: 'next', refresh_token: '' } }),
    ]);
    assert.equal(first.answer.refresh_token, 'first');
    assert.equal(next.answer.refresh_token, 'next');
  });

  it('leaves a refresh token where there is one', async () => {
    const body = { access_token: 'next', refresh_token: 'its refresh' };
    const { answer } = await refreshed({ quirks }, { body });
    assert.equal(answer.refresh_token, 'its refresh');
  });

  bearsHostileAnswers('refresh-with-access-token');
});
