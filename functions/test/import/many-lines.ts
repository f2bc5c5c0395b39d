/**
 * Imports as many lines as its argument says, each with tokens of 1 KB, into a store that only
 * counts. What `memory.test.ts` runs in a heap that could not hold them.
 */
import { createSpool } from '../../../operate/import/spool.ts';
import { begun, runImport } from '../../src/import/import.ts';
import { jsonLinesOf } from '../../src/import/lines.ts';
import { createPageWriter } from '../../src/import/write-page.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { parseSettings } from '../../src/providers/settings.ts';
import type { Sealer } from '../../src/vault/seal.ts';

const lines = Number(process.argv[2]);
const settings = parseSettings(
  Buffer.from(
    JSON.stringify({
      app: { redirectUri: 'https://a.example/cb', returnTo: ['https://a.example/'] },
      providers: {
        p: {
          kind: 'oauth2',
          authorizationEndpoint: 'https://p.example/authorize',
          tokenEndpoint: 'https://p.example/token',
          name: 'P',
          clientId: 'app',
          apiBaseUrl: 'https://p.example/api',
        },
      },
    }),
  ),
  false,
);
/** As large as a sealed one; sealing takes a minute of a processor, and holds a page as well. */
const sealer: Sealer = {
  prepare: () => Promise.resolve(),
  seal: (value) =>
    Promise.resolve({ kid: '1', jwe: Buffer.from(JSON.stringify(value)).toString('base64url') }),
  open: () => Promise.reject(new Error('Nothing is opened.')),
};

let sealedBytes = 0;
let created = 0;
const store = {
  owners: () => Promise.resolve(new Map()),
  async createAll(connections: readonly { secret: { sealed: string } }[]) {
    created += connections.length;
    for (const { secret } of connections) sealedBytes += secret.sealed.length;
    return true;
  },
};

async function* bytes(): AsyncGenerator<Uint8Array> {
  for (let n = 0; n < lines; n += 1) {
    const accessToken = `${n}-`.padEnd(700, 'a');
    const refreshToken = `${n}-`.padEnd(300, 'r');
    yield Buffer.from(
      `${JSON.stringify({ uid: `user-${n}`, provider: 'p', accessToken, refreshToken })}\n`,
    );
  }
}

const spool = await createSpool();
const progress = { ...begun };
await runImport(
  {
    providers: settings.providers,
    store,
    spool,
    clock: systemClock,
    goneUsers: async () => [],
    writePage: createPageWriter({
      store,
      sealer,
      settings,
      clock: systemClock,
      random: Math.random,
    }),
  },
  jsonLinesOf(bytes()),
  { onRefused: ({ where, reason }) => console.error(where, reason) },
  progress,
);
await spool.close();
const maxRssMb = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...progress, stored: created, sealedBytes, maxRssMb }));
