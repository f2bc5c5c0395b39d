import { type Egress, EgressError, type IncomingAnswer } from '../egress/egress.ts';
import { StrongroomError } from '../errors.ts';
import type { Caller } from '../identity/caller.ts';
import type { Limits } from '../limits/limits.ts';
import { sendWithin } from '../limits/send-within.ts';
import type { Clock } from '../platform/clock.ts';
import type { Provider } from '../providers/settings-schema.ts';
import type { Opened } from '../refresh/dependencies.ts';
import { apiOf } from './api-base.ts';
import type { Authorized } from './authorized.ts';
import { acceptOver, credentialOf, headersFor, withCredential } from './credential.ts';
import { noAnswer } from './no-answer.ts';
import { redactEchoes } from './redact.ts';
import { type ApiCall, headersOf, shownHeadersOf } from './request-guard.ts';
import { urlAt } from './request-url.ts';

/** The provider's answer, with the headers that callers may see. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  /** What an HTTP answer says of the caller's limits. */
  readonly limitFields: Readonly<Record<string, string>>;
}

/** Calls a connection's API as its user. */
export type CallApi = (
  caller: Caller,
  connectionId: string,
  call: ApiCall,
  deadlineAt: number,
) => Promise<ApiAnswer>;

/** Limit of the provider's answer. */
const answerMaxBytes = 10_000_000;
const tooLarge = `The answer is larger than ${answerMaxBytes} bytes. Ask for a smaller page or range.`;

interface CallDependencies {
  readonly authorized: Authorized;
  readonly egress: Egress;
  readonly limits: Limits;
  readonly clock: Clock;
}

/**
 * @throws StrongroomError of the guard (`method_not_allowed`, `path_not_allowed`,
 *   `header_not_allowed`) before anything is sent; those of `FreshTokenSet`; `rate_limited`,
 *   `unavailable`, `answer_too_large`.
 */
export function createCallApi({ authorized, egress, limits, clock }: CallDependencies): CallApi {
  const send = async (
    { tokenSet, provider, uid }: Opened,
    connectionId: string,
    call: ApiCall,
    deadlineAt: number,
  ): Promise<IncomingAnswer & Pick<ApiAnswer, 'limitFields'> & Pick<Provider, 'answerHeaders'>> => {
    const api = apiOf(provider, tokenSet);
    const credential = credentialOf(provider, tokenSet);
    const url = withCredential(urlAt(api, call), credential);
    const own = headersOf(provider, call.headers, call.otherHeaders);
    const asked = { ...credential.apiHeaders, ...own, ...acceptOver(credential, own['accept']) };
    const sending = async () => {
      const timeoutMs = deadlineAt - clock.ticks();
      if (timeoutMs <= 0) throw new StrongroomError('deadline_exceeded', 'The call took too long.');
      return egress({
        url,
        allowedOrigins: [url.origin],
        method: call.method,
        headers: { ...asked, ...(await headersFor(credential, call.method, url)) },
        certificate: credential.certificate,
        body: call.body,
        timeoutMs,
        maxBytes: answerMaxBytes,
        keepAlive: true,
      });
    };
    try {
      const request = { uid, connectionId, provider, path: url.pathname, deadlineAt };
      const { answer, limitFields } = await sendWithin(limits, request, { send: sending });
      const { answerHeaders } = provider;
      const given = { ...answer, limitFields, answerHeaders };
      if (provider.redactEchoes === 'never') return given;
      return credential.secrets.reduce(redactEchoes, given);
    } catch (error) {
      throw error instanceof EgressError ? noAnswer(error, tooLarge) : error;
    }
  };

  return async ({ uid }, connectionId, call, deadlineAt) => {
    const { headers, answerHeaders, ...answer } = await authorized({
      request: { uid, connectionId, deadlineAt },
      send: (opened) => send(opened, connectionId, call, deadlineAt),
      bodyOf: ({ body }) => body,
    });
    return { ...answer, headers: shownHeadersOf(headers, answerHeaders) };
  };
}
