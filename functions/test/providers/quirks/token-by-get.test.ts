import assert from 'node:assert/strict';
import { parametersOf, refreshed } from '../../oauth/wired.ts';
import { bearsHostileAnswers } from './hostile.ts';

describe('the quirk token-by-get', () => {
  it('asks by GET, all parameters in the address by the names of the provider', async () => {
    const { answer, sent } = await refreshed(
      {
        quirks: ['token-by-get'],
        tokenEndpoint: 'https://one.example/token?version=2',
        parameterNames: { client_id: 'appid', client_secret: 'secret' },
      },
      { body: { access_token: 'new access' } },
    );
    const [request = assert.fail()] = sent;
    assert.equal(answer.access_token, 'new access');
    assert.equal(request.method, 'GET');
    assert.equal(request.body, undefined);
    assert.equal(request.headers['content-type'], undefined);
    assert.deepEqual(parametersOf(request), {
      version: '2',
      grant_type: 'refresh_token',
      refresh_token: 'old refresh',
      appid: 'our client',
      secret: 'our secret',
    });
  });

  bearsHostileAnswers('token-by-get');
});
