import { Transform } from 'node:stream';
import { redactBytes } from '../calls/redact.ts';

/**
 * Writes asterisks over these forms of a secret in the bytes that pass, as `redactEchoes` does, also
 * where one begins in one chunk and ends in a later. No more is held back than what may be the
 * beginning of one, so that events pass at once. Chunks are changed in place.
 */
export function createRedaction(forms: readonly string[]): Transform {
  const needles = forms.map((form) => Buffer.from(form, 'latin1'));
  const longest = Math.max(0, ...needles.map(({ length }) => length));
  const firsts = new Set(needles.map(([first]) => first));
  let held: Buffer = Buffer.alloc(0);

  /** Where the longest end of these bytes begins that is the beginning of one of the forms. */
  const endOfSafe = (bytes: Buffer): number => {
    let at = Math.max(0, bytes.length - longest + 1);
    for (; at < bytes.length; at += 1) {
      if (!firsts.has(bytes[at])) continue;
      const rest = bytes.length - at;
      const begins = needles.some(
        (needle) => needle.length > rest && bytes.compare(needle, 0, rest, at) === 0,
      );
      if (begins) break;
    }
    return at;
  };

  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      redactBytes(bytes, forms);
      const end = endOfSafe(bytes);
      held = bytes.subarray(end);
      if (end > 0) this.push(bytes.subarray(0, end));
      done();
    },
    flush(done) {
      done(null, held);
    },
  });
}
