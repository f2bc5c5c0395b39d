#!/usr/bin/env node
/**
 * The door to every command: installs what is missing, finds a Node that runs TypeScript, builds,
 * and hands over. Plain JavaScript without packages, because it runs before anything is installed
 * and on any Node from 20.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { watchAncestors } from './setup/ancestors.mjs';
import { install, isStale } from './setup/install.mjs';
import { withLock } from './setup/lock.mjs';
import { hostNode, npmProgram, packagedNode } from './setup/node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const nodeFolder = join(root, 'sandbox', 'node');
const TYPESCRIPT = '--disable-warning=ExperimentalWarning';

const build = [['functions/build.mjs'], ['web/build.mjs']];
/** What each command runs, one after the other; the last one gets the arguments. */
const commands = {
  start: [...build, [TYPESCRIPT, 'sandbox/start.ts']],
  test: [...build, [TYPESCRIPT, 'sandbox/test.ts']],
  serve: [...build, [TYPESCRIPT, 'sandbox/serve.ts']],
  companions: [...build, [TYPESCRIPT, 'sandbox/companions.ts']],
  build,
  check: [
    ['node_modules/typescript/bin/tsc', '--noEmit', '--project', 'tsconfig.json'],
    ['node_modules/typescript/bin/tsc', '--noEmit', '--project', 'web/tsconfig.json'],
    ['node_modules/@biomejs/biome/bin/biome', 'check'],
  ],
};

const [command = '', ...args] = process.argv.slice(2);
const steps = Object.hasOwn(commands, command) ? commands[command] : undefined;
if (!steps) fail(`Unknown command "${command}": use one of ${Object.keys(commands).join(', ')}.`);

let current;
let ending;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(signal));
watchAncestors(() => end('SIGTERM'));

try {
  const node = await withLock(join(root, '.sandbox', 'setup.lock'), setUp, (pid) =>
    console.error(`Another setup is at work here (process ${pid}); waiting for it.`),
  );
  for (const [i, [file, ...before]] of steps.entries()) {
    const isLast = i === steps.length - 1;
    const path = file === TYPESCRIPT ? before[0] : file;
    if (!existsSync(join(root, path))) continue;
    await run(node, [file, ...before, ...(isLast ? args : [])]);
  }
} catch (error) {
  fail(error.message);
}

/** Installs what is missing or stale and returns the Node to go on with. */
async function setUp() {
  const running = { path: process.execPath, version: process.version };
  const npm = npmProgram(process.env);
  const needsNpm = () =>
    npm ??
    fail('npm is needed to install the packages: get it with Node.js from https://nodejs.org');
  let node = hostNode({ running, path: process.env.PATH ?? '' });
  if (!node) {
    if (isStale(nodeFolder) || !packagedNode(nodeFolder))
      await install({
        title: `Installing Node 24 (this one is ${process.version})`,
        folder: nodeFolder,
        node: process.execPath,
        npm: needsNpm(),
      });
    node = packagedNode(nodeFolder);
    if (!node)
      fail(
        `Node 22.18 or later is needed, this one is ${process.version}, and the package registry has none for ${process.platform}-${process.arch}: install Node 24 from https://nodejs.org`,
      );
  }
  const folders = [
    { title: 'Installing packages', folder: root },
    { title: "Installing the functions' packages", folder: join(root, 'functions') },
  ];
  for (const { title, folder } of folders)
    if (isStale(folder)) await install({ title, folder, node, npm: needsNpm() });
  return node;
}

/** Runs one step in the foreground; ends this process if it fails. */
async function run(node, nodeArgs) {
  if (ending) process.exit(exitCodeOf(ending));
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
  const { code, signal } = await new Promise((resolve, reject) => {
    // The channel closes when this process dies in any way: that is how the child notices.
    current = spawn(node, nodeArgs, {
      cwd: root,
      env,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    });
    current.once('error', reject);
    current.once('exit', (code, signal) => resolve({ code, signal }));
  });
  current = undefined;
  if (signal) process.exit(exitCodeOf(signal));
  if (code !== 0) process.exit(code);
}

/** Passes a signal on and lets the child decide; during set-up there is nothing to be careful of. */
function end(signal) {
  ending = signal;
  if (current) current.kill(signal);
  else process.exit(exitCodeOf(signal));
}

function exitCodeOf(signal) {
  return 128 + ({ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 0);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
