import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { createMarks } from './marks.ts';

describe('a mark', () => {
  const marks = createMarks();
  const mark = marks.make('token');
  const base64 = (before: string, after: string) =>
    Buffer.from(`${before}${mark}${after}`).toString('base64');
  const written: Readonly<Record<string, string>> = {
    plain: mark,
    JSON: JSON.stringify({ mark }),
    'JSON in JSON': JSON.stringify(JSON.stringify({ mark })),
    URL: encodeURIComponent(mark),
    form: new URLSearchParams({ mark }).toString(),
    'URL in URL': encodeURIComponent(encodeURIComponent(mark)),
    hex: Buffer.from(mark).toString('hex'),
    HEX: Buffer.from(mark).toString('hex').toUpperCase(),
    inspect: inspect({ mark }),
    'cut at its end': mark.slice(0, mark.length / 2 + 2),
    'cut at its beginning': mark.slice(mark.length / 2 - 2),
    ...Object.fromEntries(
      ['', 'a', 'ab'].flatMap((before) =>
        ['', 'y', 'yz'].flatMap((after) => [
          [`base64 between "${before}" and "${after}"`, base64(before, after)],
          [
            `base64url between "${before}" and "${after}"`,
            Buffer.from(base64(before, after), 'base64').toString('base64url'),
          ],
        ]),
      ),
    ),
  };
  for (const [form, text] of Object.entries(written)) {
    it(`is found where it is written as ${form}`, () => {
      const [found] = marks.find(`before ${text} after`);
      assert.equal(found?.name, 'token');
      assert.deepEqual(marks.find(text, ['token']), []);
    });
  }

  it('is not found where it is not', () => {
    assert.deepEqual(marks.find(randomBytes(100_000).toString('base64')), []);
  });

  it('may be bytes', () => {
    const key = randomBytes(32);
    marks.add('key', key);
    assert.equal(marks.find(key.toString('hex'))[0]?.name, 'key');
    assert.equal(marks.find(`a${key.toString('base64')}`)[0]?.name, 'key');
  });
});
