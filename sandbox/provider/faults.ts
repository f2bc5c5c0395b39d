import { setTimeout as delay } from 'node:timers/promises';
import { readBody } from '../http/body.ts';
import { type Endpoint, endpointOf, endpoints } from './endpoints.ts';
import type { Context, Middleware } from './middleware.ts';

/** Something to go wrong at one endpoint. The first that fits a request is taken. */
export interface Fault {
  readonly endpoint: Endpoint;
  /** For how many requests; 1 unless given. */
  readonly times?: number;
  /** Waits, before the request takes effect, or after it with `processed` or `drop: 'after'`. */
  readonly delayMs?: number;
  /** Cuts the connection without an answer: before or after the request took effect. */
  readonly drop?: 'before' | 'after';
  /** Answers this; the request takes effect only with `processed`. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string as it is, anything else as JSON. */
  readonly body?: unknown;
  /** Lets the request take effect first: only its answer is delayed or replaced. */
  readonly processed?: boolean;
}

/** The faults still to come. */
export class Faults {
  #queue: { readonly fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#queue.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#queue = [];
  }

  /** The faults that wait, with how many times each will still happen. */
  pending(): Fault[] {
    return this.#queue.map(({ fault, left }) => ({ ...fault, times: left }));
  }

  take(endpoint: Endpoint): Fault | undefined {
    const entry = this.#queue.find(({ fault }) => fault.endpoint === endpoint);
    if (!entry) return undefined;
    entry.left--;
    if (entry.left <= 0) this.#queue.splice(this.#queue.indexOf(entry), 1);
    return entry.fault;
  }

  /** Lets the faults happen. */
  middleware(): Middleware {
    return async (ctx, next) => {
      const endpoint = endpointOf(ctx.path);
      const fault = endpoint === undefined ? undefined : this.take(endpoint);
      if (!fault) return next();
      const takesEffectFirst = fault.processed === true || fault.drop === 'after';
      const takesNone = !takesEffectFirst && (fault.drop ?? fault.status) !== undefined;
      if (takesEffectFirst) await next();
      if (takesNone) ctx.state['unprocessedBody'] = (await readBody(ctx.req)).toString('utf8');
      if (fault.delayMs !== undefined) await pause(ctx, fault.delayMs);
      if (fault.drop !== undefined) return cut(ctx);
      if (!takesEffectFirst && !takesNone) await next();
      if (fault.status !== undefined) answer(ctx, fault, fault.status);
    };
  }
}

/**
 * Checks a fault that came from outside.
 *
 * @throws TypeError naming what is wrong.
 */
export function parseFault(input: Readonly<Record<string, unknown>>): Fault {
  const { endpoint, drop, times, delayMs, status, headers, body, processed } = input;
  const knownEndpoint = endpoints.find((name) => name === endpoint);
  if (!knownEndpoint) throw new TypeError(`endpoint must be one of ${endpoints.join(', ')}.`);
  if (drop !== undefined && drop !== 'before' && drop !== 'after') {
    throw new TypeError('drop must be before or after.');
  }
  return {
    endpoint: knownEndpoint,
    ...integer({ times }, 1, 1_000_000),
    ...integer({ delayMs }, 0, 600_000),
    ...integer({ status }, 200, 599),
    ...(drop === undefined ? {} : { drop }),
    ...(headers === undefined ? {} : { headers: stringRecord(headers) }),
    ...(body === undefined ? {} : { body }),
    ...(processed === true ? { processed } : {}),
  };
}

function integer(field: Readonly<Record<string, unknown>>, minimum: number, maximum: number) {
  const [[name, value] = ['', undefined]] = Object.entries(field);
  if (value === undefined) return {};
  const fits = Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
  if (!fits) throw new TypeError(`${name} must be an integer from ${minimum} to ${maximum}.`);
  return { [name]: Number(value) };
}

function stringRecord(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null)
    throw new TypeError('headers must be an object.');
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
}

async function pause(ctx: Context, delayMs: number): Promise<void> {
  const gone = new AbortController();
  ctx.res.once('close', () => gone.abort());
  await delay(delayMs, undefined, { signal: gone.signal }).catch(() => {});
}

function cut(ctx: Context): void {
  ctx.respond = false;
  ctx.req.socket.destroy();
}

function answer(ctx: Context, fault: Fault, status: number): void {
  ctx.status = status;
  ctx.body = fault.body ?? '';
  ctx.set({ ...fault.headers });
}
