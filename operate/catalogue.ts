/** `npm run catalogue -- lint|new|schema|docs|import|verify`: the catalogue of providers. */
import './catalogue/hush.ts';
import { catalogue } from './catalogue/parse.ts';
import { main } from './command.ts';

await main(catalogue);
