/** `npm run doctor`: says what is missing in a project, or too much, and how to mend it. */
import { main } from './command.ts';
import { doctor } from './setup/parse.ts';

await main((args, terminal) => doctor(args, terminal));
