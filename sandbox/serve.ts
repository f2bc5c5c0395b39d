/** `npm run serve -- [--port N] [--count N]`: the functions outside the functions emulator. */
import { parseArgs } from 'node:util';
import { isFree } from './launch/ports.ts';
import { readSandboxFile } from './launch/sandbox-file.ts';
import { aborted, Shutdown, shutdownSignal } from './launch/shutdown.ts';
import { type Served, spawnServe } from './serve/spawn.ts';

const DEFAULT_PORT = 8181;
/** firebase-functions writes one for every callable's request. */
const withoutDebugLines = ['--import', 'data:text/javascript,console.debug = () => undefined'];
const signal = shutdownSignal();
const served: Served[] = [];
let exitCode = 0;
try {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: String(DEFAULT_PORT) },
      count: { type: 'string', default: '1' },
    },
  });
  const count = positive(values.count, '--count');
  const sandbox = readSandboxFile();
  for (let port = positive(values.port, '--port'); served.length < count; port++) {
    if (!(await isFree(port))) continue;
    const starting = spawnServe(sandbox, { port, inherit: true, nodeArgs: withoutDebugLines });
    const one = await Promise.race([starting, aborted(signal)]);
    served.push(one);
    console.log(`The functions at ${one.url} (process ${one.pid})`);
  }
  console.log(`Callables: ${served[0]?.url}/{name}, REST: ${served[0]?.url}/v1. Ctrl-C ends.`);
  const died = served.map(async ({ exited, url }) => {
    throw new Error(`The process at ${url} ended (exit code ${await exited}).`);
  });
  await Promise.race([...died, aborted(signal)]);
} catch (error) {
  if (!(error instanceof Shutdown)) {
    console.error(error instanceof Error ? error.message : error);
    exitCode = 1;
  }
}
await Promise.all(served.map((one) => one.stop()));
process.exit(exitCode);

function positive(text: string, option: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0 && value < 65_536) return value;
  throw new Error(`${option} takes a whole number from 1 to 65535, not "${text}".`);
}
