import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { formsOf, redactBytes } from '../../src/calls/redact.ts';
import { createRedaction } from '../../src/proxy/redact-stream.ts';

const secret = 'ya29.a0/Af_H6+SMB~x-yz==';
const forms = formsOf(secret);

/** In pieces that end at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length];
  const sorted = ends.sort((one, other) => one - other);
  return sorted.map((end, index) => Buffer.from(bytes.subarray(sorted[index - 1] ?? 0, end)));
}
const redacted = (chunks: readonly Buffer[], of = forms) =>
  buffer(Readable.from(chunks.filter(({ length }) => length > 0)).pipe(createRedaction(of)));

describe('a body that streams and repeats the access token', () => {
  it('is given with asterisks in its place, wherever it was cut in two', async () => {
    for (const form of forms) {
      const text = `{"a":"${form}"}`;
      const expected = `{"a":"${'*'.repeat(form.length)}"}`;
      for (let at = 0; at <= text.length; at += 1) {
        assert.equal(String(await redacted(cut(Buffer.from(text), [at]))), expected);
      }
    }
  });

  it('is so where it comes byte by byte', async () => {
    const bytes = Buffer.from(`${secret}${secret}-${secret.slice(0, -1)}`);
    const stars = '*'.repeat(2 * secret.length);
    const chunks = cut(bytes, Array.from(bytes.keys()));
    assert.equal(String(await redacted(chunks)), `${stars}-${secret.slice(0, -1)}`);
  });

  it('is as long as it was, holds no form of it, and is left alone but for that', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.constantFrom(...forms),
            fc.constantFrom(...forms).map((form) => form.slice(0, form.length / 2)),
            fc.constantFrom(...forms).map((form) => form.slice(form.length / 2)),
            fc.string({ maxLength: 5 }),
          ),
          { maxLength: 12 },
        ),
        fc.array(fc.nat(), { maxLength: 8 }),
        async (pieces, places) => {
          const bytes = Buffer.from(pieces.join(''));
          const got = await redacted(cut(bytes, places));
          assert.equal(got.length, bytes.length);
          for (const form of forms) assert.ok(!got.includes(form, 0, 'latin1'));
          for (const [at, byte] of got.entries()) {
            assert.ok(byte === bytes[at] || byte === 0x2a);
          }
          // What is struck out at once is struck out in pieces.
          const whole = Buffer.from(bytes);
          redactBytes(whole, forms);
          if (whole.equals(bytes)) assert.ok(got.equals(bytes));
        },
      ),
      { numRuns: 300 },
    ));

  it('passes at once up to what may be the beginning of it: events do not wait', async () => {
    const stream = createRedaction(forms);
    const seen: string[] = [];
    stream.on('data', (chunk) => seen.push(String(chunk)));
    const write = (text: string) =>
      new Promise((resolve) => stream.write(Buffer.from(text), resolve));
    await write('data: one\n\n');
    await write(`data: ${secret.slice(0, 7)}`);
    assert.deepEqual(seen, ['data: one\n\n', 'data: ']);
    await write('other');
    assert.deepEqual(seen, ['data: one\n\n', 'data: ', `${secret.slice(0, 7)}other`]);
  });

  it('is binary: no byte is changed', async () => {
    const bytes = randomBytes(200_000);
    assert.ok((await redacted(cut(bytes, [7, 65_536, 65_537]))).equals(bytes));
  });

  it('passes where the token is so short that it would be found by chance', async () => {
    assert.equal(
      String(await redacted([Buffer.from('a short b')], [...formsOf('short')])),
      'a short b',
    );
  });
});
