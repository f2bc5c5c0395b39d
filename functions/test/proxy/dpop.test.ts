import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { decodeJwt } from 'jose';
import { newDpopKey } from '../../src/oauth/dpop.ts';
import { ask } from './client.ts';
import { accessToken, type Proxied, startProxied } from './proxied.ts';

describe('the proxy of a connection whose tokens are bound to a key (RFC 9449)', () => {
  let proxied: Proxied;
  let seen: IncomingMessage['headers'][] = [];
  /** Without it, nobody is let in; undefined: nobody has to have one. */
  let nonce: string | undefined;
  before(async () => {
    const dpopKey = await newDpopKey();
    proxied = await startProxied(
      async (request, response) => {
        seen.push(request.headers);
        await buffer(request);
        const proof = decodeJwt(String(request.headers['dpop']));
        const isKnown = nonce === undefined || proof['nonce'] === nonce;
        if (isKnown) response.end('answer');
        else {
          const challenge = 'Bearer, DPoP algs="ES256", error="use_dpop_nonce"';
          response.writeHead(401, { 'www-authenticate': challenge, 'dpop-nonce': nonce });
          response.end('refused');
        }
      },
      {
        fresh: (first) => async () => ({
          ...first,
          tokenSet: { ...first.tokenSet, tokenType: 'dpop', dpopKey },
        }),
      },
    );
  });
  after(() => proxied.stop());
  beforeEach(() => {
    seen = [];
    nonce = undefined;
  });

  it('sends the credential with a proof for that request', async () => {
    const { text } = await ask(`${proxied.url}/me?x=1`, { method: 'POST', body: 'body' });
    assert.equal(text, 'answer');
    const [headers] = seen;
    assert.equal(headers?.authorization, `DPoP ${accessToken}`);
    const { htm, htu } = decodeJwt(String(headers?.['dpop']));
    assert.deepEqual([htm, htu], ['POST', `${proxied.upstream.url}/v1/me`]);
  });

  it('does not send on a proof that a caller brings', async () => {
    await ask(`${proxied.url}/me`, { headers: { dpop: 'made up' } });
    assert.notEqual(seen[0]?.['dpop'], 'made up');
  });

  it('sends a request without a body once more with the nonce that the API wants', async () => {
    nonce = 'first';
    const { status, text } = await ask(`${proxied.url}/me`);
    assert.deepEqual([status, text], [200, 'answer']);
    assert.equal(seen.length, 2);
  });

  it('asks to send a streamed body again, which cannot be sent twice; then it arrives', async () => {
    nonce = 'second';
    const upload = () => ask(`${proxied.url}/me`, { method: 'POST', body: 'body' });
    assert.equal((await upload()).status, 503);
    assert.equal((await upload()).status, 200);
    assert.equal(seen.length, 2);
  });
});
