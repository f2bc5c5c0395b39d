import { type Egress, EgressError, type IncomingAnswer } from '../egress/egress.ts';
import { StrongroomError, unavailable } from '../errors.ts';
import type { Caller } from '../identity/caller.ts';
import type { Clock } from '../platform/clock.ts';
import type { Opened } from '../refresh/dependencies.ts';
import { apiOf } from './api-base.ts';
import type { Authorized } from './authorized.ts';
import { credentialOf, headersFor, withCredential } from './credential.ts';
import { redactEchoes } from './redact.ts';
import { type ApiCall, headersOf, shownHeadersOf, urlOf } from './request-guard.ts';

/** The provider's answer, with the headers that callers may see. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
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

interface CallDependencies {
  readonly authorized: Authorized;
  readonly egress: Egress;
  readonly clock: Clock;
}

/**
 * @throws StrongroomError of the guard (`method_not_allowed`, `path_not_allowed`,
 *   `header_not_allowed`) before anything is sent; those of `FreshTokenSet`; `unavailable`,
 *   `answer_too_large`.
 */
export function createCallApi({ authorized, egress, clock }: CallDependencies): CallApi {
  const send = async (
    { tokenSet, provider }: Opened,
    call: ApiCall,
    deadlineAt: number,
  ): Promise<IncomingAnswer> => {
    const timeoutMs = deadlineAt - clock.ticks();
    if (timeoutMs <= 0) throw new StrongroomError('deadline_exceeded', 'The call took too long.');
    const api = apiOf(provider, tokenSet);
    const credential = credentialOf(provider, tokenSet);
    const url = withCredential(urlOf(api, call), credential);
    try {
      const answer = await egress({
        url,
        allowedOrigins: [api.base.origin],
        method: call.method,
        headers: {
          ...provider.apiHeaders,
          ...headersOf(provider, call.headers, call.otherHeaders),
          ...(await headersFor(credential, call.method, url)),
        },
        body: call.body,
        timeoutMs,
        maxBytes: answerMaxBytes,
        keepAlive: true,
      });
      if (provider.redactEchoes === 'never') return answer;
      return credential.secrets.reduce(redactEchoes, answer);
    } catch (error) {
      throw error instanceof EgressError ? asCallError(error) : error;
    }
  };

  return async ({ uid }, connectionId, call, deadlineAt) => {
    const { status, headers, body } = await authorized({
      request: { uid, connectionId, deadlineAt },
      send: (opened) => send(opened, call, deadlineAt),
    });
    return { status, headers: shownHeadersOf(headers), body };
  };
}

/** Our own guard refuses where the settings say that the API is. */
export function addressRefused(): StrongroomError {
  return new StrongroomError(
    'egress_refused',
    'The API address of this provider is not one that may be called. Correct its settings.',
  );
}

function asCallError(error: EgressError): StrongroomError {
  switch (error.kind) {
    case 'refused':
      return addressRefused();
    case 'too_large':
      return new StrongroomError(
        'answer_too_large',
        `The answer is larger than ${answerMaxBytes} bytes. Ask for a smaller page or range.`,
      );
    case 'timeout':
      return new StrongroomError('deadline_exceeded', 'The API did not answer in time.', {
        dependency: 'provider',
      });
    case 'unreachable':
    case 'dropped':
      return unavailable('provider');
  }
}
