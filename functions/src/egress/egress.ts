import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import http, { Agent as HttpAgent, type IncomingMessage, type RequestOptions } from 'node:http';
import https, { Agent as HttpsAgent } from 'node:https';
import axios, { type AxiosResponse, isAxiosError } from 'axios';
import { isAllowedAddress, isLoopbackAddress } from './addresses.ts';
import { agentsShowing, type ClientCertificate } from './certificate.ts';
import { type RefusalReason, refusalOf } from './outgoing.ts';
import { userAgent } from './user-agent.ts';

export interface OutgoingRequest {
  readonly url: URL;
  /** Where the settings let this go, as origins: `https://api.example`. Others are refused. */
  readonly allowedOrigins?: readonly string[] | undefined;
  readonly method: string;
  /** But for those that frame the message, which are the door's own. `user-agent`: ours by default. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  /** Hard limit from the first byte sent to the last received, in milliseconds. */
  readonly timeoutMs: number;
  /** Limit of the answer's body after decompression, in bytes. */
  readonly maxBytes: number;
  /** Keep the connection for the next request. Default: no, see `EgressError.processed`. */
  readonly keepAlive?: boolean;
  /** Shown to this server; its connection is then kept for nobody. */
  readonly certificate?: ClientCertificate | undefined;
}

export interface IncomingAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Sends one request of the suite to the outside. @throws EgressError */
export type Egress = (request: OutgoingRequest) => Promise<IncomingAnswer>;

/** No usable answer. It carries nothing of the request, which may hold a credential. */
export class EgressError extends Error {
  override readonly name = 'EgressError';
  /** `refused`: by our own guard. */
  readonly kind: 'refused' | 'unreachable' | 'timeout' | 'dropped' | 'too_large';
  /**
   * Whether the other side may have processed the request: `no` when it certainly never arrived,
   * `unknown` when the answer was lost.
   */
  readonly processed: 'no' | 'unknown';
  /** What the guard objected to, where it refused. */
  readonly reason?: RefusalReason;

  constructor(
    kind: EgressError['kind'],
    processed: EgressError['processed'],
    reason?: RefusalReason,
  ) {
    super(`The request was not answered (${reason === undefined ? kind : `${kind}: ${reason}`}).`);
    this.kind = kind;
    this.processed = processed;
    if (reason !== undefined) this.reason = reason;
  }
}

/** Failures before the first byte of the request left. */
const neverSent =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EAI_FAIL|EHOSTUNREACH|ENETUNREACH|EPROTO)$|CERT|TLS|SSL/;

/** RFC 9110 §9.2.2: doing it twice is doing it once. */
export const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
/** An idle connection is given up before most servers do; Node's wait 5 s. */
const idleTimeoutMs = 4_000;
/** Limits of an answer's headers: their bytes together, and how many there are. */
const headerMaxBytes = 16_384;
const headerMaxCount = 200;

/** Node's own client, with those limits. It drops the headers beyond a count; we drop the answer. */
export const transport = {
  request(options: RequestOptions, answered: (answer: IncomingMessage) => void) {
    const { request } = options.protocol === 'https:' ? https : http;
    const limited = Object.assign(options, { maxHeaderSize: headerMaxBytes });
    const sent = request(limited, (answer) => {
      const count = answer.rawHeaders.length / 2;
      if (count <= headerMaxCount) answered(answer);
      else sent.destroy(new EgressError('too_large', 'unknown'));
    });
    sent.maxHeadersCount = 0;
    return sent;
  },
};

export interface EgressOptions {
  /** Plain http to this machine; sandbox only. */
  readonly allowLoopback: boolean;
  /** Every address behind a name. Default: the system's resolver. */
  readonly resolve?: ((hostname: string) => Promise<LookupAddress[]>) | undefined;
  /** Connections kept for the next request. Default: its own. */
  readonly keptAgents?: KeptAgents | undefined;
}

const systemResolve = (hostname: string) => lookup(hostname, { all: true });

/**
 * The one door to the outside. HTTPS only; the addresses behind the name are checked at the moment
 * of connecting, so that a name cannot change its meaning in between; redirects are never followed;
 * time, headers and size, unpacked, are capped; no proxy is taken from the environment. What is
 * idempotent is sent again where it met a kept connection that the other side had closed.
 */
export function createEgress(options: EgressOptions): Egress {
  const { allowLoopback, keptAgents = createKeptAgents() } = options;
  const client = axios.create({
    headers: { 'user-agent': userAgent },
    maxRedirects: 0,
    proxy: false,
    responseType: 'arraybuffer',
    validateStatus: () => true,
    transformRequest: [],
    transformResponse: [],
    transport,
    lookup: guardedLookup(options),
  });
  const agents = { httpAgent: new HttpAgent(), httpsAgent: new HttpsAgent() };

  return async (outgoing) => {
    const { url, method, headers, body, timeoutMs, maxBytes, certificate } = outgoing;
    const single = certificate === undefined ? agents : agentsShowing(certificate);
    const keepAlive = outgoing.keepAlive === true && certificate === undefined;
    const reason = refusalOf(outgoing, allowLoopback);
    if (reason !== undefined) throw new EgressError('refused', 'no', reason);
    const signal = AbortSignal.timeout(timeoutMs);
    const request = async (chosen: typeof agents): Promise<IncomingAnswer> => {
      const answer: AxiosResponse<Buffer<ArrayBuffer>> = await client.request({
        url: url.href,
        method,
        headers: { ...headers },
        data: typeof body === 'object' ? bufferOf(body) : body,
        timeout: timeoutMs,
        signal,
        maxContentLength: maxBytes,
        maxBodyLength: Number.POSITIVE_INFINITY,
        ...chosen,
      });
      return { status: answer.status, headers: flat(answer.headers), body: answer.data };
    };
    try {
      return await request(keepAlive ? keptAgents : single);
    } catch (error) {
      const failure = asEgressError(error);
      // The other side may close a kept connection at any time: RFC 9112 §9.3.1 and §9.5.
      const again = failure.kind === 'dropped' && wasKept(error) && idempotent.has(method);
      if (!again) throw failure;
    }
    try {
      return await request(single);
    } catch (error) {
      throw asEgressError(error);
    }
  };
}

interface Address extends LookupAddress {
  readonly family: 4 | 6;
}

/** The addresses behind a name at the moment of connecting, each of them allowed; for axios. */
export function guardedLookup({ allowLoopback, resolve = systemResolve }: EgressOptions) {
  // All of them: where the first is dead, Node goes on to the next (RFC 8305).
  return async (hostname: string): Promise<[Address[]]> => {
    const addresses = await resolve(hostname);
    // Plain http goes to `localhost`: it must mean this machine.
    const isAllowed = hostname === 'localhost' ? isLoopbackAddress : isAllowedAddress;
    if (!addresses.every(({ address }) => isAllowed(address, allowLoopback))) {
      throw new EgressError('refused', 'no', 'address');
    }
    if (addresses.length === 0) throw new EgressError('unreachable', 'no');
    return [addresses.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))];
  };
}

export interface KeptAgents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/** Agents that keep connections for the next request. */
export function createKeptAgents(): KeptAgents {
  return {
    httpAgent: new HttpAgent({ keepAlive: true, timeout: idleTimeoutMs }),
    httpsAgent: new HttpsAgent({ keepAlive: true, timeout: idleTimeoutMs }),
  };
}

function wasKept(error: unknown): boolean {
  return isAxiosError(error) && Object(error.request).reusedSocket === true;
}

/** axios takes no other view of bytes. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function flat(headers: AxiosResponse['headers']): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name.toLowerCase(),
    Array.isArray(value) ? value.join(', ') : String(value),
  ]);
  return Object.fromEntries(entries);
}

/** What axios or Node threw, without what it holds of the request. */
export function asEgressError(error: unknown): EgressError {
  if (error instanceof EgressError) return error;
  if (!(error instanceof Error)) return new EgressError('dropped', 'unknown');
  if (error.cause instanceof EgressError) return error.cause;
  const code = 'code' in error ? String(error.code) : '';
  if (neverSent.test(code)) return new EgressError('unreachable', 'no');
  const tooLarge = code === 'HPE_HEADER_OVERFLOW' || error.message.startsWith('maxContentLength');
  if (tooLarge) return new EgressError('too_large', 'unknown');
  return /^(ECONNABORTED|ETIMEDOUT|ERR_CANCELED)$/.test(code)
    ? new EgressError('timeout', 'unknown')
    : new EgressError('dropped', 'unknown');
}
