import assert from 'node:assert/strict';
import { exchanged, refreshed } from '../../oauth/wired.ts';
import { bearsHostileAnswers } from './hostile.ts';

const quirks = ['id-token-unread'];
const body = { access_token: 'new access', token_type: 'bearer', id_token: 'a.b.c', team: 'T1' };

describe('the quirk id-token-unread', () => {
  it('costs no connection for an ID token that does not hold', async () => {
    const { answer } = await exchanged({ quirks }, { body });
    assert.deepEqual(answer, { access_token: 'new access', token_type: 'bearer', team: 'T1' });
    await assert.rejects(exchanged({}, { body }));
  });

  it('keeps none at a refresh, so that nobody is told apart by it', async () => {
    const { answer } = await refreshed({ quirks }, { body });
    assert.equal(answer.id_token, undefined);
    assert.equal(answer.access_token, 'new access');
  });

  bearsHostileAnswers('id-token-unread');
});
