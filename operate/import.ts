/** `npm run import -- --from FILE`: takes existing tokens into the vault. */
import { main } from './command.ts';
import { importTokens } from './import/run.ts';

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => interruption.abort());
}
await main((args, terminal) => importTokens(args, terminal, interruption.signal));
