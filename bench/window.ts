/**
 * `npm run window [-- --refreshes 200]`: how long what a provider gave exists in one process only,
 * from its answer until Firestore has acknowledged it. A process killed in between loses a grant that
 * rotates strictly. Real parts: the suite, the sandbox provider, the Firestore emulator.
 */
import '../functions/test/harness/logs.ts';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { parseArgs } from 'node:util';
import type { Stack } from '../sandbox/launch/stack.ts';
import { onStack, spread } from './measure.ts';

/** Beside a running `npm start` and `npm test`. */
const portOffset = 30_000;
const lifetimeSeconds = 300;
/** The first refreshes of a process, which are not counted: code is compiled, connections are made. */
const warmUps = 20;

/** What happens in a refresh, in milliseconds on one monotonic clock. */
interface Marks {
  readonly called: number;
  /** The provider's answer has come. */
  answered: number;
  /** The commit leaves. */
  sent: number;
  /** Firestore has acknowledged it. */
  acknowledged: number;
}

const { values } = parseArgs({ options: { refreshes: { type: 'string', default: '200' } } });
const refreshes = Number(values.refreshes);
if (!Number.isSafeInteger(refreshes) || refreshes < 1) {
  console.error('--refreshes must be a whole number of at least 1.');
  process.exit(1);
}

let current: Marks | undefined;

/** The marks of the refresh that begins now; they are filled in as it goes on. */
function watch(): Marks {
  current = { called: performance.now(), answered: 0, sent: 0, acknowledged: 0 };
  return current;
}

type Moment = Exclude<keyof Marks, 'called'>;

/** Of each request that a refresh sends: what it marks, and what must have been before. */
const moments: readonly [channel: string, path: RegExp, moment: Moment, after?: Moment][] = [
  ['http.client.response.finish', /\/token$/, 'answered'],
  ['http.client.request.created', /:commit\b/, 'sent', 'answered'],
  ['http.client.response.finish', /:commit\b/, 'acknowledged', 'sent'],
];
for (const [channel, path, moment, after] of moments) {
  subscribe(channel, (message) => {
    const { request }: { request?: ClientRequest } = Object(message);
    if (current === undefined || request === undefined || !path.test(request.path)) return;
    if (current[moment] > 0 || (after !== undefined && current[after] === 0)) return;
    current[moment] = performance.now();
  });
}

async function measure({ file }: Stack, signal: AbortSignal): Promise<Marks[]> {
  // The harness finds the sandbox by this when it is loaded.
  process.env['STRONGROOM_SANDBOX_FILE'] = file;
  const { createWorld } = await import('../functions/test/harness/world.ts');
  const world = await createWorld();
  const { id } = await world.connect('ada');
  const measured: Marks[] = [];
  for (let i = 0; i < warmUps + refreshes; i += 1) {
    signal.throwIfAborted();
    world.clock.advance((lifetimeSeconds + 1) * 1_000);
    const marks = watch();
    await world.call('ada', id);
    if (i >= warmUps) measured.push(marks);
  }
  const { generation } = await world.vault(id);
  await world.stop();
  if (generation !== 1 + warmUps + refreshes)
    throw new Error(`${generation} is not every refresh.`);
  return measured;
}

function report(measured: readonly Marks[]): void {
  const window = measured.map(({ answered, acknowledged }) => acknowledged - answered);
  const ours = measured.map(({ answered, sent }) => sent - answered);
  const share = measured.map(
    ({ called, answered, acknowledged }) => (acknowledged - answered) / (acknowledged - called),
  );
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const percent = (value: number) => `${(value * 100).toFixed(0)} %`;
  const rows = [
    ['', 'p50', 'p95', 'max'],
    ['answer → commit acknowledged', ...spread(window).map(ms)],
    ['  of it before the commit leaves', ...spread(ours).map(ms)],
    ['share of the refresh', ...spread(share).map(percent)],
  ];
  console.log(`${measured.length} refreshes, one after the other`);
  for (const [name = '', ...cells] of rows)
    console.log(name.padEnd(36) + cells.map((cell) => cell.padStart(10)).join(''));
}

await onStack(portOffset, async (stack, signal) => report(await measure(stack, signal)));
