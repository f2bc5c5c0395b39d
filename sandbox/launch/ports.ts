import { createServer } from 'node:net';
import { answers } from './answers.ts';
import { claimantOf, claimPort } from './port-claims.ts';
import { listenerOf } from './port-holder.ts';

export interface TakenPort {
  readonly name: string;
  readonly wanted: number;
  readonly chosen: number;
  /** The process that holds the wanted port, as far as this user may see it. */
  readonly holder?: string;
}

export interface ChosenPorts<Name extends string> {
  readonly ports: Readonly<Record<Name, number>>;
  readonly taken: readonly TakenPort[];
}

const HOST = '127.0.0.1';
const TRIES = 500;

/**
 * Gives every name its default port plus the offset, or the next free one. A chosen port is claimed for this
 * process, so that two sandboxes that start at once do not choose the same.
 */
export async function choosePorts<Name extends string>(
  defaults: Readonly<Record<Name, number>>,
  offset: number,
): Promise<ChosenPorts<Name>> {
  const names = Object.keys(defaults).filter((name): name is Name => name in defaults);
  const ports: Record<Name, number> = { ...defaults };
  const spoken = new Set<number>(names.map((name) => defaults[name] + offset));
  const taken: TakenPort[] = [];
  for (const name of names) {
    const wanted = defaults[name] + offset;
    const chosen = await nextFree(wanted, spoken);
    ports[name] = chosen;
    if (chosen === wanted) continue;
    spoken.add(chosen);
    const holder = holderOf(wanted);
    taken.push({ name, wanted, chosen, ...(holder === undefined ? {} : { holder }) });
  }
  return { ports, taken };
}

/** One line for the start-up: "Port 8080 (firestore) is held by java (process 42): using 8081". */
export function describeTaken({ name, wanted, chosen, holder }: TakenPort): string {
  return `Port ${wanted} (${name}) is held by ${holder ?? 'another process'}: using ${chosen}`;
}

/** Who listens on it, or a sandbox that is about to. */
export function holderOf(port: number): string | undefined {
  const listener = listenerOf(port);
  if (listener !== undefined) return listener;
  const pid = claimantOf(port);
  return pid === undefined ? undefined : `another sandbox (process ${pid})`;
}

async function nextFree(wanted: number, spoken: ReadonlySet<number>): Promise<number> {
  for (let port = wanted; port < wanted + TRIES && port <= 65_535; port++) {
    if (port !== wanted && spoken.has(port)) continue;
    if ((await isFree(port)) && claimPort(port)) return port;
  }
  throw new Error(`No free port from ${wanted} to ${wanted + TRIES - 1}: stop what holds them.`);
}

/**
 * Nobody answers on the port and it can be bound. Both are asked: on some systems a port can be
 * bound on one address while another process listens on all of them.
 */
export async function isFree(port: number): Promise<boolean> {
  return !(await answers({ host: HOST, port })) && (await canBind(port));
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: HOST, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
