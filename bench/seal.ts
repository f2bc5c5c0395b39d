/**
 * `npm run seal [-- --rounds 500]`: what sealing and opening a token set of 4 KB costs, beside bare
 * `node:crypto` (AES-256-GCM under a wrapped key, the least that could do the same) and beside the one
 * Firestore read that comes before an opening. In turn within one run, so that all meet the same load.
 * Real parts: the suite's sealer and store, the Firestore emulator.
 */
import '../functions/test/harness/logs.ts';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createSealer, type Place } from '../functions/src/vault/seal.ts';
import type { Stack } from '../sandbox/launch/stack.ts';
import { onStack, spread } from './measure.ts';

/** Beside a running `npm start`, `npm test` and `npm run window`. */
const portOffset = 35_000;
const warmUps = 200;
const tokenSetBytes = 4_096;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '500' } } });
const rounds = Number(values.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) {
  console.error('--rounds must be a whole number of at least 1.');
  process.exit(1);
}

type Work = () => unknown;

const key = randomBytes(32);
const ivBytes = 12;
const tagBytes = 16;

function encrypt(plain: Uint8Array, withKey: Uint8Array): Buffer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', withKey, iv);
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(sealed: Buffer, withKey: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', withKey, sealed.subarray(0, ivBytes));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(ivBytes, -tagBytes)), decipher.final()]);
}

/** A fresh content key, wrapped; sealed, opened and parsed. */
function bareRoundTrip(tokenSet: object): unknown {
  const contentKey = randomBytes(32);
  const wrapped = encrypt(contentKey, key);
  const sealed = encrypt(Buffer.from(JSON.stringify(tokenSet)), contentKey).toString('base64url');
  const opened = decrypt(Buffer.from(sealed, 'base64url'), decrypt(wrapped, key));
  return JSON.parse(opened.toString());
}

async function measure({ file }: Stack, signal: AbortSignal) {
  // The harness finds the sandbox by this when it is loaded.
  process.env['STRONGROOM_SANDBOX_FILE'] = file;
  const { createWorld } = await import('../functions/test/harness/world.ts');
  const world = await createWorld();
  const { id } = await world.connect('ada');
  const keyVersion = { kid: '1', key };
  const sealer = createSealer({
    sealingKey: async () => keyVersion,
    openingKey: async () => keyVersion,
  });
  const place: Place = { uid: 'ada', document: id, field: 'tokenSet', generation: 1 };
  const tokenSet = { accessToken: randomBytes(tokenSetBytes / 2).toString('hex') };
  const works: Readonly<Record<string, Work>> = {
    'sealing and opening': async () => sealer.open((await sealer.seal(tokenSet, place)).jwe, place),
    'bare node:crypto, both ways': () => bareRoundTrip(tokenSet),
    'one Firestore read (emulator)': () => world.store.readVault(id),
  };
  const measured = Object.keys(works).map((name) => ({ name, ms: [] as number[] }));
  for (let round = 0; round < warmUps + rounds; round += 1) {
    signal.throwIfAborted();
    for (const { name, ms } of measured) {
      const startedAt = performance.now();
      await works[name]?.();
      if (round >= warmUps) ms.push(performance.now() - startedAt);
    }
  }
  await world.stop();
  return measured;
}

function report(measured: Awaited<ReturnType<typeof measure>>): void {
  const [sealing = Number.NaN, bare = Number.NaN, read = Number.NaN] = measured.map(
    ({ ms }) => spread(ms)[0],
  );
  console.log(`${rounds} rounds, a token set of ${tokenSetBytes} bytes, in milliseconds`);
  const rows = [
    ['', 'p50', 'p95', 'max'],
    ...measured.map(({ name, ms }) => [name, ...spread(ms).map((value) => value.toFixed(3))]),
  ];
  for (const [name = '', ...cells] of rows)
    console.log(name.padEnd(32) + cells.map((cell) => cell.padStart(10)).join(''));
  console.log(
    `Sealing and opening: ${(sealing / bare).toFixed(1)} times bare node:crypto, ` +
      `${((sealing / read) * 100).toFixed(0)} % of a read (accepted below 33 %).`,
  );
}

await onStack(portOffset, async (stack, signal) => report(await measure(stack, signal)));
