import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { redactEchoes } from '../../src/calls/redact.ts';

const secret = 'ya29.a0/Af_H6+SMB~x-yz==';
const stars = '*'.repeat(secret.length);

function redacted(body: string | Uint8Array, headers: Record<string, string> = {}, of = secret) {
  const answer = { status: 200, headers, body: new Uint8Array(Buffer.from(body)) };
  const { body: bytes, ...rest } = redactEchoes(answer, of);
  return { ...rest, body: Buffer.from(bytes) };
}

describe('an answer that repeats the access token', () => {
  it('is given with asterisks in its place, as often as it is there, and of the same length', () => {
    const { body, status } = redacted(`{"a":"${secret}","b":["Bearer ${secret}"]}${secret}`);
    assert.equal(body.toString(), `{"a":"${stars}","b":["Bearer ${stars}"]}${stars}`);
    assert.equal(status, 200);
  });

  it('is so in its headers', () => {
    const location = `https://api.example/?access_token=${encodeURIComponent(secret)}&x=1`;
    const { headers } = redacted('', { location, etag: `"${secret}${secret}"`, date: 'today' });
    assert.ok(headers['location']?.startsWith('https://api.example/?access_token=***'));
    assert.ok(headers['location']?.endsWith('*&x=1'));
    assert.equal(headers['etag'], `"${stars}${stars}"`);
    assert.equal(headers['date'], 'today');
  });

  const forms: Record<string, string> = {
    'URL-encoded': encodeURIComponent(secret),
    'URL-encoded in small letters': encodeURIComponent(secret).replace(/%../g, (octet) =>
      octet.toLowerCase(),
    ),
    'URL-encoded as a form': new URLSearchParams({ a: secret }).toString().slice(2),
    'in JSON with escaped slashes': JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/'),
  };
  for (const [what, form] of Object.entries(forms)) {
    it(`is so where it is ${what}`, () => {
      const { body } = redacted(`<${form}>`);
      assert.ok(!body.includes(form));
      assert.match(body.toString(), /^<[^>]*\*{8,}[^>]*>$/);
    });
  }

  it('is so where it is in base64, alone or with something before and after it', () =>
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 12 }),
        fc.uint8Array({ maxLength: 12 }),
        fc.constantFrom('base64' as const, 'base64url' as const),
        (before, after, encoding) => {
          const whole = Buffer.concat([before, Buffer.from(secret), after]).toString(encoding);
          const { body } = redacted(`{"authorization":"${whole}"}`);
          assert.equal(body.byteLength, whole.length + 20);
          // What is left decodes to nothing of the secret but bits at its ends.
          const left = /:"(.*?)"/.exec(body.toString())?.[1] ?? '';
          const decoded = Buffer.from(left.replaceAll('*', 'A'), encoding);
          assert.ok(
            !decoded.includes(secret.slice(1, 5)) && !decoded.includes(secret.slice(-5, -1)),
          );
        },
      ),
    ));

  it('is so where its body is binary: the other bytes stay as they are', () =>
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (before, after) => {
        fc.pre(!Buffer.concat([before, after]).includes(secret));
        const { body } = redacted(Buffer.concat([before, Buffer.from(secret), after]));
        const expected = Buffer.concat([before, Buffer.from(stars), after]);
        assert.deepEqual(body, expected);
      }),
    ));

  it('keeps its content-length true', () => {
    const body = `x${secret}y`;
    const answer = redacted(body, { 'content-length': String(Buffer.byteLength(body)) });
    assert.equal(answer.headers['content-length'], String(answer.body.byteLength));
  });

  it('is left alone but for the token: an answer without it comes back byte for byte', () =>
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (bytes, text) => {
        fc.pre(!text.includes(secret));
        const { body, headers } = redacted(bytes, { etag: text });
        assert.deepEqual(body, Buffer.from(bytes));
        assert.deepEqual(headers, { etag: text });
      }),
    ));

  it('is left alone where the token is so short that it would be found by chance', () => {
    assert.equal(redacted('a short x', {}, 'short').body.toString(), 'a short x');
  });

  it('costs no copy where there is no token in it', () => {
    const body = new Uint8Array(randomBytes(1_000_000));
    const before = Buffer.from(body);
    assert.equal(redactEchoes({ headers: {}, body }, secret).body, body);
    assert.deepEqual(Buffer.from(body), before);
  });
});
