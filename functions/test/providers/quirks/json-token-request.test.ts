import assert from 'node:assert/strict';
import { refreshed } from '../../oauth/wired.ts';
import { bearsHostileAnswers } from './hostile.ts';

const answered = { body: { access_token: 'new access' } };

describe('the quirk json-token-request', () => {
  it('sends all parameters as JSON, by the names of the provider', async () => {
    const { sent } = await refreshed(
      { quirks: ['json-token-request'], parameterNames: { refresh_token: 'refreshToken' } },
      answered,
    );
    const [{ headers, body = '', method } = assert.fail()] = sent;
    assert.equal(method, 'POST');
    assert.equal(headers['content-type'], 'application/json');
    assert.deepEqual(JSON.parse(body), {
      grant_type: 'refresh_token',
      refreshToken: 'old refresh',
      client_id: 'our client',
      client_secret: 'our secret',
    });
  });

  it('leaves Basic where it is', async () => {
    const { sent } = await refreshed(
      { quirks: ['json-token-request'], clientAuthentication: 'client_secret_basic' },
      answered,
    );
    const [{ headers, body = '' } = assert.fail()] = sent;
    assert.equal(headers['authorization'], `Basic ${btoa('our%20client:our%20secret')}`);
    assert.equal(body.includes('our secret'), false);
  });

  bearsHostileAnswers('json-token-request');
});
