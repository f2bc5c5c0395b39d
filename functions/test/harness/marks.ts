import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

/** Something secret that was found where it must not be. */
export interface Leak {
  /** What it is. */
  readonly name: string;
  /** How it was written there. */
  readonly form: string;
  /** Around it. */
  readonly context: string;
}

/** Secrets that are known to a test, and looked for wherever they might have come. */
export interface Marks {
  /** Makes a secret that is found again; it can stand in a header. */
  make(name: string): string;
  /** Takes one that somebody else has made; what is too short to be told from chance is left out. */
  add(name: string, secret: string | Uint8Array): void;
  readonly names: ReadonlySet<string>;
  /** @param except names of what may be there. */
  find(text: string, except?: readonly string[]): Leak[];
}

/** Shorter ones turn up by chance, in base64 most of all. */
const shortestLength = 12;
const contextLength = 60;

export function createMarks(): Marks {
  /** Every way to write every mark, by its first characters: a text is gone through once. */
  const known = new Map<string, Map<string, Pick<Leak, 'name' | 'form'>>>();
  const names = new Set<string>();

  const add: Marks['add'] = (name, secret) => {
    const bytes = Buffer.from(secret);
    // Also one that was cut, as logs do.
    const half = Math.ceil(bytes.length / 2);
    const pieces = { all: bytes, begin: bytes.subarray(0, half), end: bytes.subarray(half) };
    for (const [piece, content] of Object.entries(pieces)) {
      if (content.length < shortestLength) continue;
      names.add(name);
      for (const [form, text] of Object.entries(formsOf(content))) {
        if (text.length < shortestLength) continue;
        const start = text.slice(0, shortestLength);
        const there = known.get(start) ?? new Map<string, Pick<Leak, 'name' | 'form'>>();
        known.set(start, there.set(text, { name, form: `${form}, ${piece}` }));
      }
    }
  };

  return {
    make(name) {
      // With what JSON, URLs and base64 each write in their own way.
      const text = [name, randomBytes(24).toString('base64'), randomBytes(12).toString('hex')];
      const secret = text.join('~"+/ \\');
      add(name, secret);
      return secret;
    },
    add,
    names,
    find(text, except = []) {
      const found = new Map<string, Leak>();
      for (let at = 0; at + shortestLength <= text.length; at += 1) {
        const there = known.get(text.slice(at, at + shortestLength));
        for (const [written, { name, form }] of there ?? []) {
          if (except.includes(name) || !text.startsWith(written, at)) continue;
          const from = Math.max(0, at - contextLength);
          const context = text.slice(from, at + written.length + contextLength);
          found.set(`${name} ${form}`, { name, form, context });
        }
      }
      return [...found.values()];
    },
  };
}

/** The ways in which bytes are written into text. */
export function formsOf(bytes: Buffer): Readonly<Record<string, string>> {
  const text = bytes.toString('utf8');
  const isText = Buffer.from(text).equals(bytes);
  return {
    hex: bytes.toString('hex'),
    HEX: bytes.toString('hex').toUpperCase(),
    ...(isText && {
      plain: text,
      JSON: JSON.stringify(text).slice(1, -1),
      'JSON in JSON': JSON.stringify(JSON.stringify(text).slice(1, -1)).slice(1, -1),
      URL: encodeURIComponent(text),
      form: new URLSearchParams({ x: text }).toString().slice(2),
      'URL in URL': encodeURIComponent(encodeURIComponent(text)),
      inspected: inspect(text).slice(1, -1),
    }),
    ...Object.fromEntries(
      [0, 1, 2].flatMap((before) => {
        const written = inBase64(bytes, before);
        const url = written.replaceAll('+', '-').replaceAll('/', '_');
        return [
          [`base64 after ${before}`, written],
          [`base64url after ${before}`, url],
        ];
      }),
    ),
  };
}

/** What base64 has of them where that many bytes come before, and any after. */
function inBase64(bytes: Buffer, before: number): string {
  const all = Buffer.concat([Buffer.alloc(before), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  // The first and the last characters also hold bits of what stands around.
  const isShared = ((before + bytes.length) * 8) % 6 !== 0;
  return all.slice(Math.ceil((before * 8) / 6), isShared ? -1 : undefined);
}

/** All that anybody could see of a value, an error's hidden properties and causes included. */
export function everythingOf(value: unknown): string {
  const all = { depth: Infinity, showHidden: true, maxStringLength: null, maxArrayLength: null };
  const own = value instanceof Error ? [value.name, value.message, value.stack, `${value}`] : [];
  return [inspect(value, all), JSON.stringify(value), ...own].join('\n');
}
