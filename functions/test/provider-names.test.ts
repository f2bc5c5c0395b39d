import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';

const source = new URL('../src/', import.meta.url);
const catalogue = new URL('providers/catalogue/', source);

/** Names of the catalogue that are words as well, or names of what the suite is built on. */
const exceptions: Readonly<Record<string, { readonly why: string; readonly where?: RegExp }>> = {
  buffer: { why: "Node's type of bytes" },
  close: { why: 'a word' },
  delivery: { why: 'a word' },
  exist: { why: 'a word' },
  flat: { why: "JavaScript's method of arrays" },
  front: { why: 'a word' },
  google: {
    why: 'the platform: Firebase and Google Cloud',
    where: /^(?:platform|identity)\/|^proxy\/answer-headers|^providers\/sign-in-schema/,
  },
  line: { why: 'a word' },
  x: { why: 'a letter, of coordinates and of headers' },
};

/** What the providers of entries are called besides. */
const otherNames = ['aadsts', 'aws', 'entra', 'intuit', 'lark'];

/** Lower case, one space between what is written together: `slackUser`, `slack-user`, `SlackUser`. */
function normal(text: string): string {
  const apart = text.replace(/([a-z\d])([A-Z])/g, '$1 $2').replace(/[^A-Za-z\d]+/g, ' ');
  return ` ${apart.toLowerCase().trim()} `;
}

const filesIn = (folder: URL, ending: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith(ending),
  );

/** The ids and names of all entries; of those with a sound basis their first words as well. */
function namesOf(): ReadonlySet<string> {
  const names = new Set(otherNames);
  for (const file of filesIn(catalogue, '.json')) {
    const { name } = JSON.parse(readFileSync(new URL(file, catalogue), 'utf8'));
    const id = file.replace(/^.*\/|\.json$/g, '');
    const [title = ''] = String(name).split(' (');
    for (const called of [id, title]) {
      // `OneDrive` may be written `onedrive` as well.
      const [apart, joined] = [called, called.toLowerCase()].map((text) => normal(text).trim());
      for (const each of [apart ?? '', joined ?? '']) names.add(each);
      if (!file.startsWith('imported/')) names.add(joined?.split(' ')[0] ?? called);
    }
  }
  return names;
}

/** The names in a text, where nothing excepts them. */
function namedIn(text: string, file: string, names: ReadonlySet<string>): string[] {
  // Where source code and documents are is not about a provider.
  const said = normal(text.replace(/https:\/\/github\.com\/\S+/g, ''));
  return [...names].filter((name) => {
    const exception = Object.hasOwn(exceptions, name) ? exceptions[name] : undefined;
    const isExcepted = exception !== undefined && (exception.where?.test(file) ?? true);
    return !isExcepted && said.includes(` ${name} `);
  });
}

describe('the code', () => {
  const names = namesOf();

  it('names no provider of the catalogue outside the catalogue, in comments neither', () => {
    const found = filesIn(source, '.ts').flatMap((file) =>
      namedIn(readFileSync(new URL(file, source), 'utf8'), file, names).map(
        (name) => `${file}: ${name}`,
      ),
    );
    assert.deepEqual(found, []);
  });

  const telling = ['as Spotify sends it', 'isSpotify', 'spotify_user', "'google-drive'", 'WeChat'];
  for (const text of telling) {
    it(`would be found out by ${text}`, () => {
      assert.notDeepEqual(namedIn(text, 'oauth/token-answer.ts', names), []);
    });
  }
});
