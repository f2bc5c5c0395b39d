#!/usr/bin/env node
/**
 * The door to every command: installs what is missing, finds a Node that runs TypeScript, builds,
 * and hands over. Plain JavaScript without packages, because it runs before anything is installed
 * and on any Node from 20.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { watchAncestors } from './setup/ancestors.mjs';
import { install, isStale } from './setup/install.mjs';
import { withLock } from './setup/lock.mjs';
import { hostNode, npmProgram, packagedNode } from './setup/node.mjs';
import { sharePackages } from './setup/share.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const nodeFolder = join(root, 'sandbox', 'node');
/** Further codebases, which share the packages of `functions`. */
const codebases = ['examples/own-functions', 'examples/parts-catalog'];
/** Node 22 warns that it can run TypeScript. */
const TYPESCRIPT = '--disable-warning=ExperimentalWarning';

const build = [
  ['functions/build.mjs'],
  ...codebases.map((folder) => ['functions/build.mjs', folder]),
  ['web/build.mjs'],
];
/** Says nothing where nothing is wrong. */
const lint = ['operate/catalogue.ts', 'lint', '--quiet'];
/**
 * What each command runs, one after the other; the last one gets the arguments.
 * @type {Readonly<Record<string, readonly (readonly string[])[]>>}
 */
const commands = {
  start: [...build, ['sandbox/start.ts']],
  test: [...build, ['sandbox/test.ts']],
  serve: [...build, ['sandbox/serve.ts']],
  companions: [...build, ['sandbox/companions.ts']],
  events: [['operate/events.ts']],
  providers: [['operate/providers.ts']],
  setup: [['operate/setup.ts']],
  doctor: [['operate/doctor.ts']],
  audit: [['operate/audit.ts']],
  keys: [['operate/keys.ts']],
  catalogue: [['operate/catalogue.ts']],
  import: [['operate/import.ts']],
  seal: [...build, ['bench/seal.ts']],
  bench: [...build, ['bench/bench.ts']],
  build: [lint, ...build],
  openapi: [
    ['functions/src/openapi/write.ts'],
    ['node_modules/@biomejs/biome/bin/biome', 'format', '--write', 'docs/api/openapi.json'],
  ],
  simulate: [['bench/simulate.ts']],
  count: [...build, ['sandbox/test.ts', 'bench/test/count.test.ts']],
  window: [...build, ['bench/window.ts']],
  parts: [['examples/parts-catalog/client.ts']],
  check: [
    lint,
    ['node_modules/typescript/bin/tsc', '--noEmit', '--project', 'tsconfig.json'],
    ['node_modules/typescript/bin/tsc', '--noEmit', '--project', 'web/tsconfig.json'],
    // CI changes nothing; everywhere else what can be mended is.
    ['node_modules/@biomejs/biome/bin/biome', 'check', ...(process.env['CI'] ? [] : ['--write'])],
  ],
};

const [command = '', ...args] = process.argv.slice(2);
const steps =
  commands[command] ??
  fail(`Unknown command "${command}": use one of ${Object.keys(commands).join(', ')}.`);

/** @type {import('node:child_process').ChildProcess | undefined} */
let current;
/** @type {NodeJS.Signals | undefined} */
let ending;
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => end(signal));
watchAncestors(() => end('SIGTERM'));

try {
  const node = await withLock(join(root, '.sandbox', 'setup.lock'), setUp, (pid) =>
    console.error(`Another setup is at work here (process ${pid}); waiting for it.`),
  );
  for (const [i, [file = '', ...before]] of steps.entries()) {
    const isLast = i === steps.length - 1;
    await run(node, [TYPESCRIPT, file, ...before, ...(isLast ? args : [])]);
  }
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}

/** Installs what is missing or stale and returns the Node to go on with. */
async function setUp() {
  const running = { path: process.execPath, version: process.version };
  const npm = npmProgram(process.env);
  const needsNpm = () =>
    npm ??
    fail('npm is needed to install the packages: get it with Node.js from https://nodejs.org');
  let node = hostNode({ running, path: process.env['PATH'] ?? '' });
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
  for (const folder of codebases) await sharePackages(join(root, 'functions'), join(root, folder));
  return node;
}

/**
 * Runs one step in the foreground; ends this process if it fails.
 * @param {string} node
 * @param {string[]} nodeArgs
 */
async function run(node, nodeArgs) {
  if (ending) process.exit(exitCodeOf(ending));
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}` };
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

/**
 * Passes a signal on and lets the child decide; during set-up there is nothing to be careful of.
 * @param {NodeJS.Signals} signal
 */
function end(signal) {
  ending = signal;
  if (current) current.kill(signal);
  else process.exit(exitCodeOf(signal));
}

/** @param {NodeJS.Signals} signal */
function exitCodeOf(signal) {
  return 128 + constants.signals[signal];
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(message);
  process.exit(1);
}
