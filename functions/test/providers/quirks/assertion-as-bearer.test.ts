import assert from 'node:assert/strict';
import { exportPKCS8, generateKeyPair, jwtVerify } from 'jose';
import { requestMachineToken } from '../../../src/oauth/machine-token.ts';
import { type Answered, wiredParty } from '../../oauth/wired.ts';
import { bearsHostileAnswers } from './hostile.ts';

describe('the quirk assertion-as-bearer', () => {
  const asked = async (entry: object, answered: Answered) => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const { party, sent } = await wiredParty(
      {
        kind: 'jwt-bearer',
        authorizationEndpoint: undefined,
        clientAuthentication: 'none',
        assertionKeys: [{ privateKey: await exportPKCS8(privateKey) }],
        quirks: ['assertion-as-bearer'],
        answerPaths: { access_token: 'token', expires_at: 'expires_at' },
        ...entry,
      },
      answered,
    );
    const { provider } = party;
    assert.ok(provider.kind === 'jwt-bearer');
    const answer = await requestMachineToken(party, provider, { credentials: {}, scopes: [] });
    return { answer, request: sent[0] ?? assert.fail(), publicKey };
  };
  const answered = {
    status: 201,
    headers: { date: 'Sun, 22 Nov 2026 12:00:00 GMT' },
    body: { token: 'of the installation', expires_at: '2026-11-22T13:00:00Z', permissions: {} },
  };

  it('sends the assertion as Bearer and no form; takes a 201 with a token and its end', async () => {
    const { answer, request, publicKey } = await asked({}, answered);
    assert.equal(answer.access_token, 'of the installation');
    assert.equal(answer.expires_in, 3_600);
    assert.equal(request.method, 'POST');
    assert.equal(request.body, undefined);
    assert.equal(request.headers['content-type'], undefined);
    const [scheme, jwt = ''] = (request.headers['authorization'] ?? '').split(' ');
    assert.equal(scheme, 'Bearer');
    assert.equal((await jwtVerify(jwt, publicKey)).payload.iss, 'our client');
  });

  it('sends further parameters as JSON', async () => {
    const { request } = await asked({ tokenParameters: { repository: 'one' } }, answered);
    assert.equal(request.headers['content-type'], 'application/json');
    assert.deepEqual(JSON.parse(request.body ?? ''), { repository: 'one' });
  });

  bearsHostileAnswers('assertion-as-bearer');
});
