import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { readBody } from '../http/body.ts';
import { type LocalServer, listen, sendJson } from '../http/local-server.ts';
import { type Operation, parseOperation } from './operation.ts';
import { type Counts, Tally } from './tally.ts';

/** A billed call on its way to the database. */
export interface MeteredRequest {
  readonly operation: Operation;
  /** The JSON body; undefined where there is none. */
  readonly body: unknown;
}

/** What an interceptor may do instead of passing a call on. */
export interface Interception {
  /** Answers this without asking the database. */
  readonly status?: number;
  readonly body?: unknown;
  /** Cuts the connection without an answer: before or after the call took effect. */
  readonly drop?: 'before' | 'after';
}

export type Intercept = (
  request: MeteredRequest,
) => Interception | undefined | Promise<Interception | undefined>;

export interface Meter extends LocalServer {
  counts(): Counts;
  reset(): void;
  /** Lets tests make the database fail; undefined takes the interceptor away. */
  setIntercept(intercept: Intercept | undefined): void;
}

// Firestore takes no request beyond 10 MiB.
const requestLimitBytes = 11 * 1_048_576;

/**
 * Stands between a Firestore client in REST mode and the emulator, passes everything through as
 * it is and counts the documents read and written. The counts are also at
 * `GET /__meter/counts`; `POST /__meter/reset` sets them to zero.
 *
 * @param options.target `host:port` of the emulator.
 */
export async function startMeter(options: {
  readonly port: number;
  readonly target: string;
  readonly intercept?: Intercept;
}): Promise<Meter> {
  const upstream = new URL(`http://${options.target}`);
  const agent = new Agent({ keepAlive: true });
  const tally = new Tally();
  let intercept = options.intercept;

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { method = 'GET', url = '/' } = incoming;
    if (url === '/__meter/counts') return sendJson(outgoing, 200, tally.counts());
    if (url === '/__meter/reset' && method === 'POST') {
      tally.reset();
      return sendJson(outgoing, 200, tally.counts());
    }
    const operation = parseOperation(method, url);
    if (!operation) return void forward(incoming, outgoing, () => {});

    const bytes = await readBody(incoming, requestLimitBytes);
    const body = parseJson(bytes);
    const interception = await intercept?.({ operation, body });
    if (interception?.drop === 'before') return void incoming.socket.destroy();
    if (interception?.status !== undefined) {
      return sendJson(outgoing, interception.status, interception.body ?? {});
    }
    const onAnswer = (status: number, answer: Buffer) =>
      tally.record({ operation, status, request: body, response: parseJson(answer) });
    forward(incoming, outgoing, onAnswer, bytes, interception?.drop === 'after');
  };

  /** Passes a request on and streams the answer back, keeping a copy for `onAnswer`. */
  function forward(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    onAnswer: (status: number, answer: Buffer) => void,
    body?: Buffer,
    drop = false,
  ): void {
    const { connection: _connection, ...headers } = incoming.headers;
    const { hostname, port } = upstream;
    const { method, url: path } = incoming;
    const call = request({ agent, hostname, port, method, path, headers });
    call.on('response', (answer) => {
      const chunks: Buffer[] = [];
      if (body) answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const status = answer.statusCode ?? 502;
        if (body) onAnswer(status, Buffer.concat(chunks));
        if (drop) incoming.socket.destroy();
      });
      if (drop || outgoing.destroyed) return void answer.resume();
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      pipeline(answer, outgoing, () => {});
    });
    call.on('error', () => unreachable(outgoing, options.target));
    outgoing.on('close', () => outgoing.writableFinished || call.destroy());
    if (body) call.end(body);
    else incoming.pipe(call);
  }

  const server = await listen(
    createServer((incoming, outgoing) => {
      handle(incoming, outgoing).catch(() => outgoing.destroy());
    }),
    options.port,
  );
  return {
    ...server,
    async stop() {
      await server.stop();
      agent.destroy();
    },
    counts: () => tally.counts(),
    reset: () => tally.reset(),
    setIntercept(value) {
      intercept = value;
    },
  };
}

function unreachable(outgoing: ServerResponse, target: string): void {
  if (outgoing.headersSent) return void outgoing.destroy();
  const message = `The Firestore emulator at ${target} cannot be reached.`;
  sendJson(outgoing, 503, { error: { code: 503, message, status: 'UNAVAILABLE' } });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
