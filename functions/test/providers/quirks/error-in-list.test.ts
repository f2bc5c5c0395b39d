import assert from 'node:assert/strict';
import { refreshed } from '../../oauth/wired.ts';
import { bearsHostileAnswers } from './hostile.ts';

const quirks = ['error-in-list'];
const life = { permanentErrors: ['RefreshToken.refresh_token.invalid'] };
const first = { resource: 'RefreshToken', field: 'refresh_token', code: 'invalid' };

describe('the quirk error-in-list', () => {
  it('reads the first of the list, by which the grant may be gone', () =>
    assert.rejects(
      refreshed(
        { quirks, life },
        { status: 400, body: { message: 'Bad Request', errors: [first, { code: 'other' }] } },
      ),
      { kind: 'user', providerError: 'RefreshToken.refresh_token.invalid' },
    ));

  it('reads what there is of it', () =>
    assert.rejects(
      refreshed({ quirks }, { status: 400, body: { errors: [{ code: 'invalid' }] } }),
      {
        kind: 'invalid',
        providerError: 'invalid',
      },
    ));

  it('believes a code of RFC 6749 before it', () =>
    assert.rejects(
      refreshed(
        { quirks, life },
        { status: 400, body: { error: 'invalid_client', errors: [first] } },
      ),
      { kind: 'operator' },
    ));

  it('loses no token for it', async () => {
    const body = { access_token: 'new access', errors: [first] };
    const { answer } = await refreshed({ quirks, life }, { body });
    assert.equal(answer.access_token, 'new access');
  });

  bearsHostileAnswers('error-in-list');
});
