import { Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { agentsShowing, type ClientCertificate } from './certificate.ts';
import {
  asEgressError,
  createKeptAgents,
  EgressError,
  type EgressOptions,
  guardedLookup,
  idempotent,
  type KeptAgents,
  transport,
} from './egress.ts';
import { refusalOf } from './outgoing.ts';

export interface StreamedRequest {
  readonly url: URL;
  /** As in `OutgoingRequest`. */
  readonly allowedOrigins: readonly string[];
  readonly method: string;
  /** By their names in lower case, but for those that frame the message. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Readable | undefined;
  /** Of a body that is a stream, in bytes, where it is known. */
  readonly bodyLength?: number | undefined;
  /** As in `OutgoingRequest`. */
  readonly certificate?: ClientCertificate | undefined;
  /** Ends the exchange, the answer's body included. Its reason is thrown. */
  readonly signal: AbortSignal;
}

/**
 * Sends one request and gives its answer as soon as the headers are there; the body is still to be
 * read, as it came over the wire. Any status is an answer.
 *
 * @throws EgressError, or the signal's reason.
 */
export type StreamingEgress = (request: StreamedRequest) => Promise<IncomingMessage>;

/** The door to the outside for bodies of any size, by the same rules as `createEgress`. */
export function createStreamingEgress(options: EgressOptions): StreamingEgress {
  const { allowLoopback, keptAgents = createKeptAgents() } = options;
  const freshAgents = { httpAgent: new HttpAgent(), httpsAgent: new HttpsAgent() };
  const lookup = lookupOf(guardedLookup(options));

  const send = (outgoing: StreamedRequest, agents: KeptAgents): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { url, method, body, signal } = outgoing;
      let isAnswered = false;
      const isTls = url.protocol === 'https:';
      const request = transport.request(
        {
          protocol: url.protocol,
          hostname: url.hostname.replace(/^\[|\]$/g, ''),
          port: url.port,
          path: url.pathname + url.search,
          method,
          headers: { ...outgoing.headers, ...framingOf(outgoing) },
          agent: isTls ? agents.httpsAgent : agents.httpAgent,
          lookup,
        },
        (answer) => {
          isAnswered = true;
          resolve(answer);
        },
      );
      const cut = () => request.destroy(signal.reason);
      request.on('error', (error) => {
        if (signal.aborted) return reject(signal.reason);
        const failure = asEgressError(error);
        // The other side may close a kept connection at any time: RFC 9112 §9.3.1 and §9.5.
        const again =
          agents === keptAgents &&
          request.reusedSocket &&
          failure.kind === 'dropped' &&
          idempotent.has(method) &&
          !(body instanceof Readable);
        if (again) resolve(send(outgoing, freshAgents));
        else reject(failure);
      });
      request.on('close', () => {
        signal.removeEventListener('abort', cut);
        // An answer that is none, such as 101 (RFC 9110 §15.2.2), ends without an error.
        if (!isAnswered) reject(new EgressError('dropped', 'unknown'));
      });
      signal.addEventListener('abort', cut);
      if (body instanceof Readable) feed(body, request);
      else request.end(body);
    });

  return async (outgoing) => {
    outgoing.signal.throwIfAborted();
    const reason = refusalOf(outgoing, allowLoopback);
    if (reason !== undefined) throw new EgressError('refused', 'no', reason);
    const { certificate } = outgoing;
    return send(outgoing, certificate === undefined ? keptAgents : agentsShowing(certificate));
  };
}

/** How the body ends: RFC 9112 §6. Node would not say it for a GET or a DELETE. */
function framingOf({ body, bodyLength }: StreamedRequest): Record<string, string> {
  if (body === undefined) return {};
  const length = body instanceof Readable ? bodyLength : body.byteLength;
  return length === undefined
    ? { 'transfer-encoding': 'chunked' }
    : { 'content-length': String(length) };
}

/** At the pace of the other side. A body that breaks off must not look like one that ended. */
function feed(body: Readable, request: ReturnType<typeof transport.request>): void {
  const breakOff = () => {
    if (!body.readableEnded) request.destroy();
  };
  body.on('error', breakOff);
  body.once('close', breakOff);
  // Who answered before he had it all wants no more. What still comes has to go somewhere, or the
  // sender would not get to reading the answer.
  request.once('close', () => body.unpipe(request).resume());
  request.once('response', (answer: IncomingMessage) => {
    answer.once('end', () => {
      if (!request.writableEnded) request.destroy();
    });
  });
  body.pipe(request);
}

/** In the shape that Node's sockets take. */
function lookupOf(lookup: ReturnType<typeof guardedLookup>): LookupFunction {
  return (hostname, { all }, found) => {
    lookup(hostname).then(
      ([addresses]) => {
        const [first] = addresses;
        if (all === true || first === undefined) found(null, addresses);
        else found(null, first.address, first.family);
      },
      (error: Error) => found(error, ''),
    );
  };
}
