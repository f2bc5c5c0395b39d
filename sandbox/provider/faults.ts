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
  /**
   * Cuts the connection without an answer, before or after the request took effect; or within the
   * answer's body, half of which is sent.
   */
  readonly drop?: Drop;
  /** Answers this; the request takes effect only with `processed`. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string as it is, anything else as JSON. */
  readonly body?: unknown;
  /** Lets the request take effect first: only its answer is delayed or replaced. */
  readonly processed?: boolean;
  /**
   * Changes the answer's own members after the request took effect, as a JSON merge patch (RFC 7396)
   * without nesting: null leaves one out.
   */
  readonly patch?: Readonly<Record<string, unknown>>;
  /** Sends the answer's members as a form; the request takes effect. */
  readonly form?: boolean;
}

const drops = ['before', 'after', 'within'] as const;
type Drop = (typeof drops)[number];

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
      const takesEffectFirst = isProcessed(fault);
      const takesNone = !takesEffectFirst && (fault.drop ?? fault.status) !== undefined;
      if (takesEffectFirst) await next();
      if (takesNone) ctx.state['unprocessedBody'] = (await readBody(ctx.req)).toString('utf8');
      if (fault.delayMs !== undefined) await pause(ctx, fault.delayMs);
      if (fault.drop === 'before' || fault.drop === 'after') return cut(ctx);
      if (!takesEffectFirst && !takesNone) await next();
      if (fault.patch !== undefined || fault.form === true) change(ctx, fault);
      if (fault.status !== undefined) answer(ctx, fault, fault.status);
      if (fault.drop === 'within') cutWithin(ctx);
    };
  }
}

/** Whether the request takes effect first. */
function isProcessed({ processed, drop, patch, form }: Fault): boolean {
  const changesAnswer = patch !== undefined || form === true;
  return processed === true || drop === 'after' || drop === 'within' || changesAnswer;
}

/**
 * Checks a fault that came from outside.
 *
 * @throws TypeError naming what is wrong.
 */
export function parseFault(input: Readonly<Record<string, unknown>>): Fault {
  const { endpoint, drop, times, delayMs, status, headers, body, processed, patch, form } = input;
  const knownEndpoint = endpoints.find((name) => name === endpoint);
  if (!knownEndpoint) throw new TypeError(`endpoint must be one of ${endpoints.join(', ')}.`);
  const knownDrop = drops.find((name) => name === drop);
  if (drop !== undefined && !knownDrop) {
    throw new TypeError(`drop must be one of ${drops.join(', ')}.`);
  }
  return {
    endpoint: knownEndpoint,
    ...integer({ times }, 1, 1_000_000),
    ...integer({ delayMs }, 0, 600_000),
    ...integer({ status }, 200, 599),
    ...(knownDrop === undefined ? {} : { drop: knownDrop }),
    ...(headers === undefined ? {} : { headers: stringRecord(record('headers', headers)) }),
    ...(patch === undefined ? {} : { patch: record('patch', patch) }),
    ...(body === undefined ? {} : { body }),
    ...(processed === true ? { processed } : {}),
    ...(form === true ? { form } : {}),
  };
}

function integer(field: Readonly<Record<string, unknown>>, minimum: number, maximum: number) {
  const [[name, value] = ['', undefined]] = Object.entries(field);
  if (value === undefined) return {};
  const fits = Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
  if (!fits) throw new TypeError(`${name} must be an integer from ${minimum} to ${maximum}.`);
  return { [name]: Number(value) };
}

function record(name: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`${name} must be an object.`);
  return { ...value };
}

function stringRecord(value: Record<string, unknown>): Record<string, string> {
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([name, text]) => [name, String(text)]));
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

/** Sends the whole answer's head and half of its body. */
function cutWithin(ctx: Context): void {
  const body = Buffer.from(typeof ctx.body === 'string' ? ctx.body : JSON.stringify(ctx.body));
  ctx.respond = false;
  ctx.res.writeHead(ctx.status, { 'content-length': body.length });
  ctx.res.write(body.subarray(0, body.length / 2), () => ctx.req.socket.destroy());
}

function change(ctx: Context, { patch = {}, form = false }: Fault): void {
  const members = Object.entries({ ...record('the answer', ctx.body), ...patch });
  const kept = Object.fromEntries(members.filter(([, value]) => value !== null));
  ctx.body = form ? new URLSearchParams(stringRecord(kept)).toString() : kept;
  if (form) ctx.type = 'application/x-www-form-urlencoded';
}

function answer(ctx: Context, fault: Fault, status: number): void {
  ctx.status = status;
  ctx.body = fault.body ?? '';
  ctx.set({ ...fault.headers });
}
