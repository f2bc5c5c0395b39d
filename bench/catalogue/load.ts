/** One reading of settings that enable these entries of the catalogue below that folder. */
import { createEntryReader } from '../../functions/src/providers/read-entry.ts';
import { parseSettings } from '../../functions/src/providers/settings.ts';

const [, , base = '', ids = ''] = process.argv;
const entryOf = createEntryReader(new URL(base));
const list = ids.split(',');
const isWhole = list.length > 3;
const registration = { clientId: 'client', clientSecrets: ['secret'] };
const document = Buffer.from(
  JSON.stringify({
    app: { redirectUri: 'https://app.example/oauth/callback', returnTo: ['https://app.example/'] },
    providers: Object.fromEntries(
      (isWhole ? ['github', 'slack', 'spotify'] : list).map((id) => [
        id,
        { catalogue: id, ...registration },
      ]),
    ),
  }),
);

globalThis.gc?.();
const heapBefore = process.memoryUsage().heapUsed;
const startedAt = performance.now();
// What a list of all of them would parse, whatever the settings name.
const others = isWhole ? list.map(entryOf) : [];
const settings = parseSettings(document, false, entryOf);
const ms = performance.now() - startedAt;
globalThis.gc?.();
const heapKb = (process.memoryUsage().heapUsed - heapBefore) / 1_024;
console.log(
  JSON.stringify({ ms, heapKb, read: others.length + Object.keys(settings.providers).length }),
);
