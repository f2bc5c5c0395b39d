/** `npm run setup`: says what a project needs and, with `--apply`, makes it. */
import { main } from './command.ts';
import { setup } from './setup/parse.ts';

await main((args, terminal) => setup(args, terminal));
