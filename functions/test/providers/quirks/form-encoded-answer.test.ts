import assert from 'node:assert/strict';
import { refreshed } from '../../oauth/wired.ts';
import { bearsHostileAnswers } from './hostile.ts';

const answered = {
  headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
  body: 'access_token=new+access&expires_in=60&scope=read&__proto__=x',
};

describe('the quirk form-encoded-answer', () => {
  it('reads a form, and does so for every provider', async () => {
    for (const quirks of [['form-encoded-answer'], []]) {
      const { answer } = await refreshed({ quirks }, answered);
      const { access_token: token, expires_in: seconds, scope } = answer;
      assert.deepEqual([token, seconds, scope], ['new access', 60, 'read']);
    }
  });

  it('takes nothing for a form that does not say that it is one', () =>
    assert.rejects(refreshed({ quirks: ['form-encoded-answer'] }, { ...answered, headers: {} }), {
      kind: 'invalid',
    }));

  bearsHostileAnswers('form-encoded-answer');
});
