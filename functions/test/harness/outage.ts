import type { Interception, Meter } from '../../../sandbox/firestore-meter/meter.ts';
import { type CommitKind, kindOf } from './commits.ts';

/** How Firestore answers, or not, when it is in trouble. */
export const troubles = {
  unavailable: errorAnswer(503, 'UNAVAILABLE'),
  aborted: errorAnswer(409, 'ABORTED'),
  'deadline exceeded': errorAnswer(504, 'DEADLINE_EXCEEDED'),
  'permission denied': errorAnswer(403, 'PERMISSION_DENIED'),
  'a connection dropped before the effect': { drop: 'before' },
  'a connection dropped after the effect': { drop: 'after' },
} as const satisfies Record<string, Interception>;

function errorAnswer(code: number, status: string): Interception {
  return { status: code, body: { error: { code, status, message: 'In trouble.' } } };
}

export interface Outage {
  /** Resolves once it has begun. */
  readonly begun: Promise<void>;
  end(): void;
}

/**
 * From the next commit of that kind to a connection on, nothing of Firestore works until the outage
 * is ended. Those of tests before this one may still be tried by the client library.
 *
 * @param trouble what everything meets; `silence`: no answer until its end.
 * @param first what that commit meets, where it is something else.
 */
export function outageFrom(
  meter: Meter,
  connectionId: string,
  kind: CommitKind,
  trouble: Interception | 'silence',
  first?: Interception,
): Outage {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Interception>();
  const meet = () => (trouble === 'silence' ? ended.promise : trouble);
  let isBegun = false;
  meter.setIntercept(async ({ operation, body }) => {
    if (isBegun) return meet();
    const isMeant = operation.name === 'commit' && kindOf(body) === kind;
    if (!isMeant || !JSON.stringify(body).includes(connectionId)) return undefined;
    isBegun = true;
    begun.resolve();
    return first ?? meet();
  });
  return {
    begun: begun.promise,
    end() {
      meter.setIntercept(undefined);
      ended.resolve({ drop: 'before' });
    },
  };
}
