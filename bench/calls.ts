/**
 * `npm run bench -- calls [--requests 2000]`: what a call through the proxy costs, beside a bare
 * reverse proxy of ten lines before the same upstream. In turn within one run, so that both meet the
 * same load; only ratios mean anything. Real parts: the deployed bundle under the Functions Framework,
 * an ID token of RS256 verified in full with each call, the access token cached in the instance.
 */
import '../functions/test/harness/logs.ts';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Stack } from '../sandbox/launch/stack.ts';
import { load, type Target, targetAt } from './calls/load.ts';
import { onStack, spread } from './measure.ts';

/** Beside a running `npm start`, `npm test` and the other measurements. */
const portOffset = 25_000;
const warmUps = 500;
const rounds = 10;
/** Concurrency, and the greatest ratio of medians that is accepted. */
const accepted = new Map([
  [1, 3],
  [16, 4],
]);

const { values } = parseArgs({ options: { requests: { type: 'string', default: '2000' } } });
const requests = Number(values.requests);
if (!Number.isSafeInteger(requests) || requests < rounds) {
  console.error(`--requests must be a whole number of at least ${rounds}.`);
  process.exit(1);
}

interface Measured {
  readonly concurrency: number;
  /** Per target, in the order of the targets: milliseconds of each request. */
  readonly ms: readonly number[][];
}

async function measure({ file }: Stack, signal: AbortSignal): Promise<void> {
  const upstream = await start('./calls/upstream.ts');
  const bare = await start('./calls/bare-proxy.ts', upstream);
  // The harness finds the sandbox by this when it is loaded.
  process.env['STRONGROOM_SANDBOX_FILE'] = file;
  const { createWorld } = await import('../functions/test/harness/world.ts');
  const { startOutside } = await import('../functions/test/identity/served.ts');
  const { idTokenClaims, issue } = await import('../functions/test/identity/tokens.ts');

  const world = await createWorld();
  const { projectId, meter, secretManager } = world;
  world.publish((settings) => {
    const { sandbox } = settings.providers;
    if (sandbox === undefined) throw new Error('The settings have no provider sandbox.');
    return {
      ...settings,
      providers: { sandbox: { ...sandbox, apiBaseUrl: `http://127.0.0.1:${upstream}` } },
    };
  });
  const { id } = await world.connect('ada', { suite: world.newSuite() });
  const outside = await startOutside({
    GCLOUD_PROJECT: projectId,
    FIREBASE_CONFIG: JSON.stringify({ projectId }),
    FIRESTORE_EMULATOR_HOST: `127.0.0.1:${meter.port}`,
    STRONGROOM_SECRET_MANAGER_EMULATOR_HOST: `127.0.0.1:${secretManager.port}`,
  });
  try {
    const idToken = issue(outside.google.idTokenKey, {
      ...idTokenClaims('ada'),
      iss: `https://securetoken.google.com/${projectId}`,
      aud: projectId,
    });
    const headers = { authorization: `Bearer ${idToken}` };
    const targets = [
      targetAt('the upstream itself', `http://127.0.0.1:${upstream}/items`, headers),
      targetAt('a bare reverse proxy', `http://127.0.0.1:${bare}/items`, headers),
      targetAt(
        'the proxy of Strongroom',
        `${outside.url}/v1/connections/${id}/proxy/items`,
        headers,
      ),
    ];
    for (const target of targets) await load(target, warmUps, 16);
    meter.reset();
    secretManager.resetAccessCounts();
    const measured: Measured[] = [];
    for (const concurrency of accepted.keys())
      measured.push({ concurrency, ms: await inTurn(targets, concurrency, signal) });
    const { reads, writes } = meter.counts();
    const accesses = Object.values(secretManager.accessCounts()).reduce((sum, n) => sum + n, 0);
    report(targets, measured, reads + writes + accesses);
  } finally {
    await outside.stop();
    await world.stop();
  }
}

async function inTurn(
  targets: readonly Target[],
  concurrency: number,
  signal: AbortSignal,
): Promise<number[][]> {
  const ms = targets.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, target] of targets.entries()) {
      signal.throwIfAborted();
      ms[i]?.push(...(await load(target, Math.ceil(requests / rounds), concurrency)));
    }
  }
  return ms;
}

/** @returns the port of a process that ends with this one. */
function start(file: string, ...args: readonly number[]): Promise<number> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args.map(String));
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(Number(Object(message).port)));
    child.once('exit', (code) => reject(new Error(`${file} ended (exit code ${code}).`)));
  });
}

function report(targets: readonly Target[], all: readonly Measured[], operations: number): void {
  console.log(`${requests} requests each, in milliseconds`);
  let isAccepted = operations === 0;
  for (const { concurrency, ms } of all) {
    const spreads = ms.map(spread);
    console.log(`\n${`concurrency ${concurrency}`.padEnd(28)}${row(['p50', 'p95', 'max'])}`);
    for (const [i, { name }] of targets.entries())
      console.log(name.padEnd(28) + row((spreads[i] ?? []).map((value) => value.toFixed(2))));
    const [, [bare] = [Number.NaN], [ours] = [Number.NaN]] = spreads;
    const limit = accepted.get(concurrency) ?? 0;
    const ratio = ours / bare;
    isAccepted &&= ratio < limit;
    console.log(`${ratio.toFixed(1)} times the bare one (accepted below ${limit}).`);
  }
  console.log(`\nOperations of Firestore and Secret Manager meanwhile: ${operations}.`);
  if (!isAccepted) throw new Error('That is more than is accepted.');
}

function row(cells: readonly string[]): string {
  return cells.map((cell) => cell.padStart(10)).join('');
}

await onStack(portOffset, measure);
