import { type AxiosRequestHeaders, type AxiosResponse, getAdapter } from 'axios';
import { agentsShowing, type ClientCertificate } from './certificate.ts';
import {
  asEgressError,
  createKeptAgents,
  EgressError,
  type EgressOptions,
  guardedLookup,
  transport,
} from './egress.ts';
import { refusalOf } from './outgoing.ts';

/** What goes to axios as its caller wrote it. Nothing that chooses the connection is among them. */
const passedOn = [
  'data',
  'responseType',
  'responseEncoding',
  'decompress',
  'maxContentLength',
  'maxBodyLength',
  'maxRate',
  'onUploadProgress',
  'onDownloadProgress',
  'formDataHeaderPolicy',
] as const;

type AdapterConfig = Parameters<ReturnType<typeof getAdapter>>[0];

/** One request of an axios instance. */
export interface DoorRequest {
  readonly url: URL;
  /** The one that may be asked, `https://host`. */
  readonly allowedOrigin: string;
  readonly method: string;
  /** With the credential. */
  readonly headers: AxiosRequestHeaders;
  readonly signal: AbortSignal;
  /** As in `OutgoingRequest`. */
  readonly certificate?: ClientCertificate | undefined;
  readonly config: Pick<AdapterConfig, (typeof passedOn)[number]>;
}

/**
 * Sends one request, body and answer as axios has them, streams among them. Any status is an answer.
 *
 * The answer's `config` and `request`, and the errors of a stream, hold the credential: whoever
 * hands them on must replace them.
 *
 * @throws EgressError
 */
export type Door = (request: DoorRequest) => Promise<AxiosResponse<unknown>>;

/** The door to the outside, by the same rules as `createEgress`, in the terms of an axios adapter. */
export function createDoor(options: EgressOptions): Door {
  const http = getAdapter('http');
  const rules = {
    ...(options.keptAgents ?? createKeptAgents()),
    lookup: guardedLookup(options),
    proxy: false,
    maxRedirects: 0,
    transport,
    validateStatus: null,
  } as const;
  return async ({ url, allowedOrigin, method, headers, signal, certificate, config }) => {
    const fields = Object.entries(headers.toJSON()).map(([name, value]) => [name, String(value)]);
    const outgoing = { url, method, headers: Object.fromEntries(fields) };
    const reason = refusalOf(
      { ...outgoing, allowedOrigins: [allowedOrigin] },
      options.allowLoopback,
    );
    if (reason !== undefined) throw new EgressError('refused', 'no', reason);
    const taken = Object.fromEntries(passedOn.map((name) => [name, config[name]]));
    try {
      const shown = certificate === undefined ? {} : agentsShowing(certificate);
      return await http({ ...taken, ...rules, ...shown, url: url.href, method, headers, signal });
    } catch (error) {
      throw asEgressError(error);
    }
  };
}
