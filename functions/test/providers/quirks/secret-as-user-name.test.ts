import assert from 'node:assert/strict';
import type { WireRequest } from '../../../src/providers/quirks/quirk.ts';
import { secretAsUserName } from '../../../src/providers/quirks/secret-as-user-name.ts';

describe('secret-as-user-name', () => {
  const sent = async (parameters: Readonly<Record<string, string>>) => {
    const requests: WireRequest[] = [];
    const send = async (request: WireRequest) => {
      requests.push(request);
      return { status: 200, headers: new Headers(), members: {} };
    };
    const context = { clientId: 'id', redirectUri: undefined, now: () => 0 };
    const request = {
      url: new URL('https://one.example/token'),
      method: 'POST',
      headers: { accept: 'application/json' },
      parameters,
      format: 'form',
    } as const;
    await secretAsUserName.token?.(send, context)(request);
    return requests[0];
  };

  it('sends the secret as the user name, and neither it nor the id in the form', async () => {
    const request = await sent({
      grant_type: 'authorization_code',
      code: 'c',
      client_id: 'id',
      client_secret: 'a secret',
    });
    assert.deepEqual(request?.headers, {
      accept: 'application/json',
      authorization: `Basic ${Buffer.from('a secret:').toString('base64')}`,
    });
    assert.deepEqual(request?.parameters, { grant_type: 'authorization_code', code: 'c' });
  });

  it('leaves a request without a secret as it is', async () => {
    const request = await sent({ grant_type: 'refresh_token', client_id: 'id' });
    assert.deepEqual(request?.parameters, { grant_type: 'refresh_token', client_id: 'id' });
    assert.deepEqual(request?.headers, { accept: 'application/json' });
  });
});
