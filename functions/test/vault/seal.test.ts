import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { CompactEncrypt } from 'jose';
import { type Keyring, rejected } from '../../src/vault/keyring.ts';
import { createSealer, type Place } from '../../src/vault/seal.ts';

const keys = new Map([
  ['1', randomBytes(32)],
  ['2', randomBytes(32)],
]);
const keyOf = (kid: string) => {
  const key = keys.get(kid);
  if (key === undefined) throw rejected();
  return { kid, key };
};
const keyring: Keyring = {
  sealingKey: async () => keyOf('1'),
  openingKey: async (kid) => keyOf(kid),
};
const sealer = createSealer(keyring);

const place: Place = {
  uid: 'alice',
  document: 'c'.repeat(22),
  field: 'tokenSet',
  generation: 3,
  provider: 'sandbox',
};
const tokenSet = { accessToken: 'at-1', refreshToken: 'rt-1', scopes: ['a', 'b'] };
const seal = async (value: unknown = tokenSet) => (await sealer.seal(value, place)).jwe;
const refuses = (jwe: string, where: Place = place) =>
  assert.rejects(sealer.open(jwe, where), { code: 'sealed_value_rejected' });

const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
const encode = (header: unknown) => Buffer.from(JSON.stringify(header)).toString('base64url');

/** The same message under a changed protected header. */
async function withHeader(change: (header: Record<string, unknown>) => unknown): Promise<string> {
  const [header = '', ...rest] = (await seal()).split('.');
  return [encode(change(decode(header))), ...rest].join('.');
}

describe('a sealed value', () => {
  it('opens to what was sealed, in its place', async () => {
    assert.deepEqual(await sealer.open(await seal(), place), tokenSet);
  });

  it('opens to what was sealed, whatever JSON and Unicode it holds', () =>
    fc.assert(
      fc.asyncProperty(
        fc.jsonValue({ stringUnit: 'binary' }),
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.nat(),
        async (value, uid, generation) => {
          // What JSON cannot tell apart (-0 and 0) is sealed as JSON has it.
          const expected: unknown = JSON.parse(JSON.stringify(value));
          const where = { ...place, uid, generation };
          const { jwe } = await sealer.seal(value, where);
          assert.deepEqual(await sealer.open(jwe, where), expected);
        },
      ),
    ));

  it('opens to what was sealed, whatever its size, up to the limit of what providers may send', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom('a', '"', '\\', 'é', '💥', '\ud800', '\u0000'),
        fc.oneof(fc.nat(64), fc.nat(250_000)),
        async (character, size) => {
          const text = character.repeat(size / character.length);
          const { jwe } = await sealer.seal({ text }, place);
          assert.deepEqual(await sealer.open(jwe, place), { text });
        },
      ),
      { numRuns: 40 },
    ));

  it('is a compact JWE that says A256GCMKW, A256GCM and its key version, and hides the rest', async () => {
    const { jwe, kid } = await sealer.seal(tokenSet, place);
    const parts = jwe.split('.');
    assert.equal(parts.length, 5);
    const header = decode(parts[0] ?? '');
    assert.deepEqual(
      { alg: header.alg, enc: header.enc, kid: header.kid },
      { alg: 'A256GCMKW', enc: 'A256GCM', kid: '1' },
    );
    assert.equal(kid, '1');
    assert.ok(!Buffer.from(jwe.replaceAll('.', ''), 'base64url').includes('at-1'));
  });

  it('never seals twice under the same content key or initialisation vector', async () => {
    const sealed = await Promise.all(Array.from({ length: 50 }, () => seal()));
    for (const part of [1, 2, 3]) {
      assert.equal(new Set(sealed.map((jwe) => jwe.split('.')[part])).size, 50);
    }
    assert.equal(new Set(sealed.map((jwe) => decode(jwe.split('.')[0] ?? '').iv)).size, 50);
  });

  it('is refused after the change of any one character', async () => {
    const jwe = await seal();
    const character = fc.constantFrom(
      ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=~ \n\u0000é',
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(jwe.length - 1), character, async (at, instead) => {
        fc.pre(jwe[at] !== instead);
        await refuses(jwe.slice(0, at) + instead + jwe.slice(at + 1));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is refused after any edit: parts and stretches left out, doubled, moved or replaced', async () => {
    const [jwe, another] = [await seal(), await seal({ other: 1 })];
    const at = fc.nat(jwe.length);
    const part = fc.nat(4);
    const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
    const edits = fc.oneof(
      fc.tuple(at, at, at).map(([from, length, to]) => {
        const rest = jwe.slice(0, from) + jwe.slice(from + length);
        return rest.slice(0, to) + jwe.slice(from, from + length) + rest.slice(to);
      }),
      fc.tuple(at, at).map(([from, length]) => jwe.slice(0, from) + jwe.slice(from + length)),
      fc.tuple(at, at).map(([from, to]) => jwe.slice(0, from) + another.slice(to)),
      fc.tuple(at, fc.string({ unit: 'binary' })).map(([to, text]) => {
        return jwe.slice(0, to) + text + jwe.slice(to);
      }),
      fc.shuffledSubarray(jwe.split('.')).map((parts) => parts.join('.')),
      fc.tuple(part, part).map(([from, to]) => {
        return jwe
          .split('.')
          .with(to, jwe.split('.')[from] ?? '')
          .join('.');
      }),
      fc.tuple(part, fc.uint8Array({ maxLength: 64 })).map(([to, bytes]) => {
        return jwe.split('.').with(to, base64url(bytes)).join('.');
      }),
    );
    await fc.assert(
      fc.asyncProperty(edits, async (edited) => {
        fc.pre(edited !== jwe && edited !== another);
        await refuses(edited);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is refused when it was cut short or made longer', async () => {
    const jwe = await seal();
    await fc.assert(
      fc.asyncProperty(fc.nat(jwe.length - 1), (length) => refuses(jwe.slice(0, length))),
    );
    for (const longer of [`${jwe}A`, `${jwe}.`, `A${jwe}`, `${jwe}=`, `${jwe}\n`]) {
      await refuses(longer);
    }
  });

  const elsewhere: readonly (Partial<Place> & { what: string })[] = [
    { what: 'another user', uid: 'mallory' },
    { what: 'a user who differs in case', uid: 'Alice' },
    { what: 'another connection', document: 'd'.repeat(22) },
    { what: 'another field', field: 'authorization' },
    { what: 'an older generation', generation: 2 },
    { what: 'a newer generation', generation: 4 },
    { what: 'another provider', provider: 'sandbox-oauth2' },
  ];
  for (const { what, ...change } of elsewhere) {
    it(`is refused when it was moved to ${what}`, async () => {
      await refuses(await seal(), { ...place, ...change });
    });
    it(`is refused when it was moved to ${what} and its header was made to agree`, async () => {
      const { uid, document, field, generation, provider } = { ...place, ...change };
      const names = { uid, doc: document, fld: field, gen: generation, prv: provider };
      await refuses(await withHeader((header) => ({ ...header, ...names })), {
        ...place,
        ...change,
      });
    });
  }

  const headers: Record<string, (header: Record<string, unknown>) => unknown> = {
    'its key version is renamed to one that exists': (header) => ({ ...header, kid: '2' }),
    'its key version is renamed to one that does not exist': (header) => ({ ...header, kid: '9' }),
    'its key version is a number': (header) => ({ ...header, kid: 1 }),
    'its key version is left out': ({ kid: _, ...header }) => header,
    'its key management is changed to dir': (header) => ({ ...header, alg: 'dir' }),
    'its key management is changed to A256KW': (header) => ({ ...header, alg: 'A256KW' }),
    'its key management is changed to none': (header) => ({ ...header, alg: 'none' }),
    'its encryption is weakened to A128GCM': (header) => ({ ...header, enc: 'A128GCM' }),
    'its encryption is changed to A128CBC-HS256': (header) => ({ ...header, enc: 'A128CBC-HS256' }),
    'compression is claimed': (header) => ({ ...header, zip: 'DEF' }),
    'a critical extension is claimed': (header) => ({ ...header, crit: ['x'], x: 1 }),
    'a header parameter is added': (header) => ({ ...header, more: true }),
    'its user is left out': ({ uid: _, ...header }) => header,
    'its connection is left out': ({ doc: _, ...header }) => header,
    'its field is left out': ({ fld: _, ...header }) => header,
    'its generation is left out': ({ gen: _, ...header }) => header,
    'its provider is left out': ({ prv: _, ...header }) => header,
    'its generation is text': (header) => ({ ...header, gen: '3' }),
    'its header is an empty object': () => ({}),
    'its header is null': () => null,
    'its header is a list': () => [],
    'its header is text': () => 'header',
  };
  for (const [what, change] of Object.entries(headers)) {
    it(`is refused when ${what}`, async () => refuses(await withHeader(change)));
  }

  for (const jwe of ['', '.', '....', 'a.b.c.d.e', 'not a jwe', '{}', '💥.💥.💥.💥.💥']) {
    it(`is refused when it is ${JSON.stringify(jwe)}`, () => refuses(jwe));
  }

  it('is refused when parts of two values were put together', async () => {
    const [one, two] = [(await seal()).split('.'), (await seal({ other: 1 })).split('.')];
    for (const at of one.keys()) {
      await refuses(one.map((part, index) => (index === at ? two[index] : part)).join('.'));
    }
  });

  it('is refused when the right key made it by another algorithm', async () => {
    const { key } = keyOf('1');
    const { uid, document: doc, field: fld, generation: gen, provider: prv } = place;
    const plaintext = Buffer.from(JSON.stringify(tokenSet));
    for (const alg of ['dir', 'A256KW']) {
      const jwe = await new CompactEncrypt(plaintext)
        .setProtectedHeader({ alg, enc: 'A256GCM', kid: '1', uid, doc, fld, gen, prv })
        .encrypt(key);
      await refuses(jwe);
    }
  });

  it('is refused when the right key sealed something that is not JSON', async () => {
    const { key } = keyOf('1');
    const { uid, document: doc, field: fld, generation: gen, provider: prv } = place;
    const jwe = await new CompactEncrypt(Buffer.from('not JSON'))
      .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM', kid: '1', uid, doc, fld, gen, prv })
      .encrypt(key);
    await refuses(jwe);
  });

  it('tells nothing about itself when it is refused', async () => {
    const jwe = await withHeader((header) => ({ ...header, kid: '2' }));
    await assert.rejects(sealer.open(jwe, place), (error: Error) => {
      assert.deepEqual(Object.keys(error).sort(), ['code', 'details', 'name']);
      assert.equal(error.cause, undefined);
      for (const part of [...jwe.split('.'), 'at-1', 'alice']) {
        assert.ok(!`${error.message}${JSON.stringify(error)}`.includes(part));
      }
      return true;
    });
  });

  it('passes on that the key could not be had, since nothing is wrong with the value', async () => {
    const down = { code: 'unavailable' };
    const failing = createSealer({
      sealingKey: () => Promise.reject(Object.assign(new Error(), down)),
      openingKey: () => Promise.reject(Object.assign(new Error(), down)),
    });
    await assert.rejects(failing.open(await seal(), place), down);
    await assert.rejects(failing.seal(tokenSet, place), down);
    await assert.rejects(failing.prepare(), down);
  });
});
