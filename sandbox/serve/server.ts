/**
 * One process of `npm run serve`: the built functions under the Functions Framework, as Cloud Run
 * has them. Takes PORT (0 is any) and tells its parent the port once it listens.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { root } from '../launch/paths.ts';
import { readSandboxFile } from '../launch/sandbox-file.ts';
import { deployedFunctions } from './deployed.ts';
import { findRoute } from './route.ts';

const { projectId, region } = readSandboxFile();
// The functions' parameters, as the emulator reads them and a deployment sets them.
process.loadEnvFile(join(root, 'functions/.env.local'));
const lib = join(root, process.argv[2] ?? 'functions', 'lib/index.js');
const module: unknown = await import(pathToFileURL(lib).href);
if (typeof module !== 'object' || module === null) throw new Error(`${lib} exports nothing.`);
const functions = deployedFunctions(module);
const names = new Set(functions.keys());

http('strongroom', (request, response) => {
  const route = findRoute(request.url, names, { projectId, region });
  const handler = route && functions.get(route.name);
  if (!route || !handler) {
    response.status(404).json({ error: `No such function: use one of ${[...names].join(', ')}.` });
    return undefined;
  }
  request.url = route.url;
  return handler(request, response);
});

const server = getTestServer('strongroom');
server.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') process.send?.({ port: address?.port });
});
// The parent's end, of whatever kind, is this process's end.
process.on('disconnect', () => process.exit());
