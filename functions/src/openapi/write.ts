/** `npm run openapi`: writes the description of the REST API, which the function `api` serves. */
import { writeFileSync } from 'node:fs';

// Loading a function asks where it runs.
process.env['GCLOUD_PROJECT'] ??= 'demo-openapi';
const { openApiDocument } = await import('./document.ts');

const file = new URL('../../../docs/api/openapi.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
