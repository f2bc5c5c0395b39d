import { AxiosError, type InternalAxiosRequestConfig } from 'axios';
import { addressRefused } from '../calls/no-answer.ts';
import { EgressError } from '../egress/egress.ts';
import { StrongroomError } from '../errors.ts';

/** Limit of an answer that is held in memory, in bytes, unless `maxContentLength` says otherwise. */
export const bufferedMaxBytes = 10_000_000;

/** What the caller is told, with nothing in it of the request that carried the credential. */
export function explain(error: unknown, config: InternalAxiosRequestConfig): Error {
  if (!(error instanceof EgressError)) {
    return error instanceof Error ? error : new StrongroomError('internal', 'The call failed.');
  }
  switch (error.kind) {
    case 'refused':
      return addressRefused();
    case 'too_large':
      return new StrongroomError(
        'answer_too_large',
        `The answer is larger than ${bufferedMaxBytes} bytes, or than maxContentLength. Ask for ` +
          "less, set maxContentLength, or take it as a stream (responseType: 'stream').",
      );
    case 'timeout':
    case 'unreachable':
    case 'dropped':
      return new AxiosError(
        `The API gave no answer (${error.kind}).`,
        AxiosError.ERR_NETWORK,
        config,
      );
  }
}
