import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Authorized } from '../calls/authorized.ts';
import { headersFor, withCredential } from '../calls/credential.ts';
import { noAnswer } from '../calls/no-answer.ts';
import { urlWithin } from '../calls/request-url.ts';
import { EgressError } from '../egress/egress.ts';
import type { StreamingEgress } from '../egress/stream.ts';
import { StrongroomError } from '../errors.ts';
import type { Caller } from '../identity/caller.ts';
import { beside } from '../limits/fields.ts';
import type { Limits } from '../limits/limits.ts';
import { sendWithin } from '../limits/send-within.ts';
import type { Clock } from '../platform/clock.ts';
import type { SettingsReader } from '../providers/settings.ts';
import type { Opened } from '../refresh/dependencies.ts';
import { answerHeadersOf } from './answer-headers.ts';
import { deliver } from './deliver.ts';
import { beginExchange } from './exchange.ts';
import { proxyAddressOf } from './public-address.ts';
import { type Ready, readyFor } from './ready.ts';
import { requestHeadersOf } from './request-headers.ts';
import { rewriteHeader } from './rewrite.ts';

/** A request to a connection's API as it came in. */
export interface ProxyRequest {
  readonly method: string;
  /** Path and query below the API's base URL, as they came: `/me?x=1`. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** A stream is sent on as it comes, and therefore once only. */
  readonly body?: Uint8Array | Readable | undefined;
}

/** Sends a request on to a connection's API as its user, and the answer back. */
export type Proxy = (
  caller: Caller,
  connectionId: string,
  request: ProxyRequest,
  response: ServerResponse,
  deadlineAt: number,
) => Promise<void>;

interface ProxyDependencies {
  readonly authorized: Authorized;
  readonly stream: StreamingEgress;
  readonly limits: Limits;
  readonly settings: Pick<SettingsReader, 'read'>;
  readonly clock: Clock;
}

/**
 * Bodies stream both ways and are held nowhere. Resolves when the answer is over, or its reader gone;
 * either end's going ends the other's.
 *
 * @throws StrongroomError before the first byte of an answer only: those of the guard and of
 *   `FreshTokenSet`; `unavailable`, `deadline_exceeded`, `provider_answer_invalid`.
 */
export function createProxy(dependencies: ProxyDependencies): Proxy {
  const { authorized, settings, clock } = dependencies;
  return async ({ uid }, connectionId, request, response, deadlineAt) => {
    const exchange = beginExchange(response, deadlineAt - clock.ticks());
    try {
      const { answer, ready, asked, limitFields } = await authorized({
        request: { uid, connectionId, deadlineAt },
        send: (opened) =>
          send(dependencies, opened, { connectionId, deadlineAt }, request, exchange.signal),
        canReplay: !(request.body instanceof Readable),
        discard: ({ answer: refused }) => refused.destroy(),
      });
      const { api, forms, hidden, redactBody } = ready;
      assertDeliverable(answer, redactBody);
      const { app } = await settings.read();
      const proxyAddress = () => proxyAddressOf(app, request.headers, connectionId);
      const rewriting = { asked, base: api.base, hidden, proxyAddress };
      const theirs = answerHeadersOf(
        answer.headers,
        forms,
        (name, value) => rewriteHeader(name, value, rewriting),
        request.method !== 'HEAD',
      );
      const headers = beside(theirs, limitFields);
      exchange.signal.throwIfAborted();
      response.writeHead(answer.statusCode ?? 502, headers);
      await deliver(answer, response, { redactBody, forms });
    } catch (error) {
      exchange.end();
      // There is nobody to be told.
      if (response.closed) return;
      throw error instanceof EgressError
        ? noAnswer(error, "The headers of the API's answer are too large.")
        : error;
    } finally {
      exchange.release();
    }
  };
}

interface Sent {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly answer: IncomingMessage;
  readonly ready: Ready;
  /** With the credential, where that is a parameter. */
  readonly asked: URL;
  readonly limitFields: Readonly<Record<string, string>>;
}

async function send(
  { stream, limits }: ProxyDependencies,
  opened: Opened,
  call: { readonly connectionId: string; readonly deadlineAt: number },
  { method, target, headers, body }: ProxyRequest,
  signal: AbortSignal,
): Promise<Sent> {
  const ready = readyFor(opened);
  const { api, credential, redactBody } = ready;
  const asked = withCredential(urlWithin(api, method, target), credential);
  const length = headers['content-length'];
  const streams = body instanceof Readable;
  const { provider, uid } = opened;
  const coding = { searchable: redactBody, streams };
  const common = requestHeadersOf(provider, headers, credential, coding);
  const sendOn = async () => {
    // Where nothing is to be proven, nothing is waited for.
    const own =
      credential.binding === undefined
        ? credential.headers
        : await headersFor(credential, method, asked);
    const sent = await stream({
      url: asked,
      allowedOrigins: [api.base.origin],
      method,
      headers: { ...common, ...own },
      body,
      bodyLength: length === undefined ? undefined : Number(length),
      certificate: credential.certificate,
      signal,
    });
    return { status: sent.statusCode ?? 0, headers: sent.headers, sent };
  };
  const { answer, limitFields } = await sendWithin(
    limits,
    { ...call, uid, provider, path: asked.pathname },
    // A body that breaks off is its sender's doing.
    { send: sendOn, bodyOf: ({ sent }) => sent, signal, isBlameless: streams },
  );
  const { status, headers: answered, sent } = answer;
  return { status, headers: answered, answer: sent, ready, asked, limitFields };
}

/** An answer that we could not hand on as it is meant. @throws StrongroomError */
function assertDeliverable({ statusCode = 0, headers }: IncomingMessage, isSearched: boolean) {
  const transferred = headers['transfer-encoding'] ?? 'chunked';
  const isFramed = statusCode >= 200 && transferred.toLowerCase() === 'chunked';
  const isReadable = !isSearched || (headers['content-encoding'] ?? 'identity') === 'identity';
  if (isFramed && isReadable) return;
  throw new StrongroomError(
    'provider_answer_invalid',
    isFramed
      ? 'The API compressed its answer although it was asked not to, so that the answer cannot be ' +
          "searched for the credential as the settings ask for (redactEchoes 'always')."
      : "The API's answer is not one of HTTP/1.1 that can be handed on.",
  );
}
