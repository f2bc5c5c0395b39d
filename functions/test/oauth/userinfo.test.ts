import assert from 'node:assert/strict';
import { type CryptoKey, generateKeyPair, SignJWT } from 'jose';
import { requestUserinfo, userinfoOf } from '../../src/oauth/userinfo.ts';
import { conversation } from './conversation.ts';
import { clientId, idTokenWith, issuer } from './parties.ts';

const { party: asked } = conversation();
const server = { ...asked.server, userinfo_signing_alg_values_supported: ['RS256'] };
const party = { ...asked, server };
const read = (response: Response, subject: string | undefined = 'ada') =>
  userinfoOf(party, response, subject);

describe('userinfo', () => {
  it('is asked for with the access token in the header, and in no URL', async () => {
    const { party: asking, asked } = conversation(() => Response.json({ sub: 'ada' }));
    await requestUserinfo(asking, 'a-token', {});
    const [{ path, headers } = assert.fail()] = asked;
    assert.deepEqual([path, headers['authorization']], ['/userinfo', 'Bearer a-token']);
  });

  it('is asked for with a proof where the token is bound to a key', async () => {
    const { party: asking, asked } = conversation(() => Response.json({ sub: 'ada' }));
    await requestUserinfo(asking, 'a-token', { authorization: 'DPoP a-token', dpop: 'proof' });
    const [{ headers } = assert.fail()] = asked;
    assert.deepEqual([headers['authorization'], headers['dpop']], ['DPoP a-token', 'proof']);
  });

  it('is taken as JSON, and as a JWT of the issuer for this client', async () => {
    const jwt = (claims: object) =>
      new Response(idTokenWith(claims), { headers: { 'content-type': 'application/jwt' } });
    assert.equal((await read(Response.json({ sub: 'ada', name: 'Ada' }))).name, 'Ada');
    assert.equal((await read(jwt({ name: 'Ada' }))).name, 'Ada');
    await assert.rejects(read(jwt({ aud: 'another' })));
    await assert.rejects(read(jwt({ iss: 'https://two.example' })));
    await assert.rejects(read(jwt({ sub: 'mallory' })));
  });

  it('is taken by its signature where the issuer names its keys', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    const other = await generateKeyPair('RS256');
    const signedBy = async (key: CryptoKey) =>
      new Response(
        await new SignJWT({ sub: 'ada', iss: issuer, aud: clientId })
          .setProtectedHeader({ alg: 'RS256' })
          .sign(key),
        { headers: { 'content-type': 'application/jwt' } },
      );
    const checking = { ...party, idTokenKeys: async () => publicKey };
    assert.equal((await userinfoOf(checking, await signedBy(privateKey), 'ada')).sub, 'ada');
    await assert.rejects(userinfoOf(checking, await signedBy(other.privateKey), 'ada'));
  });

  const refused: Readonly<Record<string, unknown>> = {
    'another account': { sub: 'mallory' },
    nobody: { name: 'Ada' },
    'an account that is no text': { sub: 7 },
    'a list': [{ sub: 'ada' }],
    nothing: null,
  };
  for (const [what, body] of Object.entries(refused)) {
    it(`is not taken where it tells of ${what}`, async () => {
      await assert.rejects(read(Response.json(body)));
    });
  }

  it('may tell of anybody where no ID token says who it is', async () => {
    const response = Response.json({ sub: 'mallory' });
    assert.equal((await userinfoOf(party, response, undefined)).sub, 'mallory');
  });
});
