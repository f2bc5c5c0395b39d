/** `npm run providers -- list|check|add|remove|rotate-secret|app`: the team's settings. */
import { main } from './command.ts';
import { providers } from './providers/parse.ts';

await main(providers);
