/** `npm run catalogue -- lint|new|simulate|docs|schema|import|verify`: the catalogue of providers. */
import './catalogue/hush.ts';
import { catalogue } from './catalogue/parse.ts';
import { main } from './command.ts';

await main(catalogue);
