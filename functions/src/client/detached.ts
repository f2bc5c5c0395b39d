import { finished, PassThrough, type Readable } from 'node:stream';
import type { InternalAxiosRequestConfig } from 'axios';
import { asEgressError } from '../egress/egress.ts';
import { explain } from './explain.ts';
import type { Limit } from './limit.ts';

/**
 * The same bytes at the reader's pace, by a stream that knows nothing of its request: axios' own
 * leads to the credential, and so does the error by which it ends. The call is over when it closes.
 */
export function detached(
  source: Readable,
  limit: Limit,
  config: InternalAxiosRequestConfig,
): Readable {
  limit.unref();
  const through = new PassThrough();
  // Who never reads it is not to be ended by an error that nobody waits for.
  through.on('error', () => {});
  finished(source, (error) => {
    if (!error) return;
    const { aborted, reason } = limit.signal;
    const told: unknown = aborted ? reason : asEgressError(error);
    through.destroy(explain(told, config));
  });
  through.once('close', () => {
    source.destroy();
    limit.release();
  });
  return source.pipe(through);
}
