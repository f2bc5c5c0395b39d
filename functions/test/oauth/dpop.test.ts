import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';
import { newDpopKey, noteNonce, proofFor, thumbprintOf } from '../../src/oauth/dpop.ts';
import { provenRequest } from '../../src/oauth/proven-request.ts';

const url = new URL('https://api.example/v1/me?secret=1#part');
const verified = (proof: string) =>
  jwtVerify(proof, EmbeddedJWK, { algorithms: ['ES256'], typ: 'dpop+jwt' });

describe('a proof of possession (RFC 9449 §4.2)', () => {
  it('is for one request: its method, its address without query, its access token', async () => {
    const key = await newDpopKey();
    const proof = await proofFor(key, { method: 'PATCH', url, accessToken: 'token' });
    const { payload, protectedHeader } = await verified(proof);
    assert.equal(payload['htm'], 'PATCH');
    assert.equal(payload['htu'], 'https://api.example/v1/me');
    assert.equal(payload['ath'], createHash('sha256').update('token').digest('base64url'));
    assert.ok(Math.abs((payload.iat ?? 0) - Date.now() / 1_000) < 60);
    assert.ok(protectedHeader.jwk);
    assert.equal(await calculateJwkThumbprint(protectedHeader.jwk), await thumbprintOf(key));
  });

  it('holds the public half of the key alone', async () => {
    const key = await newDpopKey();
    const proof = await proofFor(key, { method: 'GET', url });
    const { protectedHeader } = await verified(proof);
    assert.deepEqual(Object.keys(protectedHeader.jwk ?? {}).sort(), ['crv', 'kty', 'x', 'y']);
    for (const part of proof.split('.')) {
      assert.equal(Buffer.from(part, 'base64url').includes(key.d), false);
    }
  });

  it('is never made twice: each has an identifier of its own', async () => {
    const key = await newDpopKey();
    const proofs = await Promise.all(
      Array.from({ length: 50 }, () => proofFor(key, { method: 'GET', url })),
    );
    const ids = await Promise.all(proofs.map(async (proof) => (await verified(proof)).payload.jti));
    assert.equal(new Set(ids).size, 50);
  });

  it('is by a key of its own for each authorization', async () => {
    const [one, two] = await Promise.all([newDpopKey(), newDpopKey()]);
    assert.notEqual(await thumbprintOf(one), await thumbprintOf(two));
  });

  it('holds the nonce that this server gave last for this key, and no other server’s or key’s', async () => {
    const [key, other] = await Promise.all([newDpopKey(), newDpopKey()]);
    noteNonce(key, 'authorization', url, 'first');
    noteNonce(key, 'authorization', url, 'second');
    noteNonce(key, 'authorization', url, undefined);
    noteNonce(key, 'authorization', url, 'x'.repeat(2_000));
    const nonceOf = async (...request: Parameters<typeof proofFor>) =>
      (await verified(await proofFor(...request))).payload['nonce'];
    assert.equal(await nonceOf(key, { method: 'GET', url }), 'second');
    const elsewhere = new URL('https://other.example/');
    assert.equal(await nonceOf(key, { method: 'GET', url: elsewhere }), undefined);
    assert.equal(await nonceOf(other, { method: 'GET', url }), undefined);
    assert.equal(await nonceOf(key, { method: 'GET', url, accessToken: 'token' }), undefined);
  });
});

describe('a request to the token endpoint that proves the key', () => {
  const server = {
    issuer: 'https://one.example',
    token_endpoint: 'https://one.example/token',
    mtls_endpoint_aliases: { token_endpoint: 'https://mtls.one.example/token' },
  };
  const client = { client_id: 'client' };
  const refusal = (nonce: string) =>
    Response.json({ error: 'use_dpop_nonce' }, { status: 400, headers: { 'dpop-nonce': nonce } });
  /** The nonces of what was sent, where these are the answers. */
  const noncesSent = async (answers: Response[], mayAskAgain?: () => boolean) => {
    const key = await newDpopKey();
    const sent: unknown[] = [];
    const answer = await provenRequest(
      { server, client },
      key,
      async ({ dpop = '' }) => {
        sent.push((await verified(dpop)).payload['nonce']);
        return answers.shift() ?? assert.fail('asked too often');
      },
      mayAskAgain,
    );
    return { sent, status: answer.status };
  };

  it('is sent once more, with the nonce that the provider wants', async () => {
    const { sent, status } = await noncesSent([refusal('n1'), Response.json({})]);
    assert.deepEqual(sent, [undefined, 'n1']);
    assert.equal(status, 200);
  });

  it('is not sent a third time', async () => {
    const { sent, status } = await noncesSent([refusal('n1'), refusal('n2')]);
    assert.deepEqual(sent, [undefined, 'n1']);
    assert.equal(status, 400);
  });

  it('is not sent again where there is no time for that, or where something else is refused', async () => {
    assert.equal((await noncesSent([refusal('n1')], () => false)).sent.length, 1);
    const headers = { 'dpop-nonce': 'n1' };
    const spent = Response.json({ error: 'invalid_grant' }, { status: 400, headers });
    assert.equal((await noncesSent([spent])).sent.length, 1);
    const withoutNonce = Response.json({ error: 'use_dpop_nonce' }, { status: 400 });
    assert.equal((await noncesSent([withoutNonce])).sent.length, 1);
  });

  for (const [withTls, endpoint] of [
    [false, server.token_endpoint],
    [true, server.mtls_endpoint_aliases.token_endpoint],
  ] as const) {
    it(`is for ${endpoint} ${withTls ? 'with' : 'without'} mutual TLS`, async () => {
      const asking = { ...client, use_mtls_endpoint_aliases: withTls };
      await provenRequest({ server, client: asking }, await newDpopKey(), async ({ dpop = '' }) => {
        assert.equal((await verified(dpop)).payload['htu'], endpoint);
        return Response.json({});
      });
    });
  }

  it('is a plain one where no key is asked for', async () => {
    await provenRequest({ server, client }, undefined, async (headers) => {
      assert.deepEqual(headers, {});
      return Response.json({});
    });
  });
});
