/**
 * Loaded into every process of the functions emulator.
 *
 * A 2nd-gen instance serves up to 80 requests at once; the functions emulator starts a process for
 * each that arrives while the others are busy, and fifty callers would load the suite fifty times.
 * Here the first process of a function is its instance, and those that follow hand their requests on
 * to it. So the emulator has instances that serve concurrently, as the cloud has.
 */
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { answers } from './answers.ts';
import { isAlive } from './is-alive.ts';

const {
  FUNCTIONS_EMULATOR,
  FUNCTION_TARGET,
  FUNCTION_SIGNATURE_TYPE,
  PORT,
  STRONGROOM_INSTANCES: folder,
} = process.env;
const pollMs = 50;

/** A process that serves a function, and where it listens. */
interface Instance {
  readonly pid: number;
  readonly socket: string;
}

if (FUNCTIONS_EMULATOR === 'true' && FUNCTION_TARGET && PORT && folder) {
  // Compiling is a third of a cold start (NODE_COMPILE_CACHE); a killed process would not keep it.
  setTimeout(flushCompileCache, 5_000).unref();
  if (FUNCTION_SIGNATURE_TYPE === 'http') {
    mkdirSync(folder, { recursive: true });
    const self = { pid: process.pid, socket: PORT };
    const instance = instanceOf(join(folder, `${FUNCTION_TARGET}-${bundleVersion()}.json`), self);
    // Never settles for a process that hands on: what it was started to load is not loaded.
    if (instance !== self) await handOnTo(instance, PORT);
  }
}

/** A rebuilt bundle gets an instance of its own. */
function bundleVersion(): number {
  return Math.round(statSync(join(process.cwd(), 'lib/index.js')).mtimeMs);
}

/** The live instance that the file names; this process where there is none. */
function instanceOf(file: string, self: Instance): Instance {
  const mine = `${file}.${self.pid}`;
  writeFileSync(mine, JSON.stringify(self));
  for (;;) {
    try {
      // A link appears whole or not at all.
      linkSync(mine, file);
      return self;
    } catch {
      // There is one.
    }
    const found = read(file);
    if (found !== undefined && isAlive(found.pid)) return found;
    rmSync(file, { force: true });
  }
}

function read(file: string): Instance | undefined {
  try {
    const { pid, socket } = JSON.parse(readFileSync(file, 'utf8'));
    return { pid: Number(pid), socket: String(socket) };
  } catch {
    return undefined;
  }
}

/** Listens once the instance does, and ends with it. */
async function handOnTo({ pid, socket }: Instance, port: string): Promise<never> {
  while (!(await answers({ path: socket }))) {
    if (!isAlive(pid)) process.exit(1);
    await pause(pollMs);
  }
  createServer((client) => {
    const upstream = connect(socket);
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    client.on('error', end).pipe(upstream);
    upstream.on('error', end).pipe(client);
  }).listen(port);
  while (isAlive(pid)) await pause(1_000);
  return process.exit(0);
}
