import { createHash } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import type { Provider } from '../providers/settings-schema.ts';
import type { Circuits } from '../refresh/circuit.ts';
import { type CallOutcome, circuitOf, isHostSaid, verdictOf } from './api-circuit.ts';
import { fieldsOf } from './fields.ts';
import type { Asking, Permit, Permits } from './permits.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import { lookAgainMs, type Slot, type Slots } from './slots.ts';
import type { Told } from './told.ts';
import { windowMs } from './window.ts';

/** A request that is about to be sent. Its user owns the connection: that was checked. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly connectionId: string;
  readonly provider: Provider;
  /** Of the URL, without query. */
  readonly path: string;
  /** In the clock's ticks. */
  readonly deadlineAt: number;
  /** Waits that long, for who would rather wait within his deadline than be refused. */
  readonly wait?: ((delayMs: number) => Promise<void>) | undefined;
}

export interface Admitted {
  /** What an HTTP answer says of the caller's limits; empty where the settings set none. */
  readonly fields: Readonly<Record<string, string>>;
  /** What became of it. Never throws. */
  note(outcome: CallOutcome): Promise<void>;
  /** It is over, answer read. Never throws; the second time it does nothing. */
  release(): Promise<void>;
}

export interface Limits {
  /**
   * Lets one request through, each time one is sent. 0 reads and 0 writes for whoever stays below a
   * tenth of his limit, or where there is none; see docs/limits.md.
   *
   * @throws StrongroomError `rate_limited`; `unavailable` while the API's circuit is open; what `wait`
   *   throws.
   */
  admit(request: AdmissionRequest): Promise<Admitted>;
}

interface LimitDependencies {
  readonly permits: Permits;
  readonly slots: Slots;
  readonly told: Told;
  /** Of APIs. */
  readonly circuits: Circuits;
  readonly clock: Clock;
}

/** Calls of one user at one provider and instance, whatever the settings say: others need memory, too. */
export const mostAtOnce = 100;
/** That part of a user's minute an instance gives without asking. */
const unaskedShare = 1 / 10;
/** That part of a provider's minute is for users who called seldom, and up to which they do. */
const reservedShare = 1 / 4;
const seldomShare = 1 / 20;
/** Retry-After knows no less. */
const leastMs = 1_000;

/** In the place of a circuit where users name the host. */
const unguarded = { kind: 'admitted' } as const;

export function createLimits(dependencies: LimitDependencies): Limits {
  const { permits, slots, told, circuits, clock } = dependencies;

  /** A place; where the settings say nothing, nobody is refused one. */
  const takeSlot = async (request: AdmissionRequest, key: string): Promise<Slot | Refusal> => {
    const { provider, deadlineAt } = request;
    const { perUserConcurrent } = provider.callLimits;
    const isShared = perUserConcurrent !== undefined;
    const limit = perUserConcurrent ?? mostAtOnce;
    const wait = request.wait ?? (isShared ? undefined : clock.sleep);
    const slot = await slots.take({ id: `slots~${key}`, limit, isShared, deadlineAt, wait });
    return slot ?? { policy: 'per-user-concurrent', quota: limit, afterMs: lookAgainMs };
  };

  /** Permits of the user and of the provider; all of them or none. */
  const takePermits = async ({ id, callLimits }: Provider, key: string) => {
    const { perUserPerMinute, perMinute } = callLimits;
    const taken: [Asking, Permit][] = [];
    const giveBack = () => {
      for (const [asking, permit] of taken) permits.giveBack(asking, permit);
    };
    const own: Asking = {
      id: `user~${key}`,
      ceiling: perUserPerMinute ?? Number.POSITIVE_INFINITY,
      unasked: Math.floor((perUserPerMinute ?? Number.POSITIVE_INFINITY) * unaskedShare),
    };
    const user = await permits.take(own);
    if (!user.isGiven) return { refusal: refusalBy('per-user', own.ceiling, user), giveBack };
    taken.push([own, user]);
    if (perMinute !== undefined) {
      const isSeldom = user.used <= Math.max(1, Math.floor(perMinute * seldomShare));
      const ceiling = isSeldom ? perMinute : perMinute - Math.floor(perMinute * reservedShare);
      const all: Asking = { id: `all~${id}`, ceiling, unasked: 0 };
      const permit = await permits.take(all);
      if (!permit.isGiven) return { refusal: refusalBy('all-users', perMinute, permit), giveBack };
      taken.push([all, permit]);
    }
    return { refusal: undefined, giveBack, user };
  };

  const attempt = async (request: AdmissionRequest): Promise<Admitted | Refusal> => {
    const { uid, connectionId, provider, path } = request;
    const until = told.until(connectionId, path);
    if (until !== undefined) return { policy: 'provider', afterMs: until - clock.ticks() };
    const { perUserPerMinute, perUserConcurrent, perMinute } = provider.callLimits;
    const isShared = perUserConcurrent !== undefined || perUserPerMinute !== undefined;
    const key = `${provider.id}~${isShared ? hashOf(provider.id, uid) : uid}`;

    const slot = await takeSlot(request, key);
    if ('policy' in slot) return slot;
    let isKept = false;
    let giveBack = () => {};
    try {
      let fields: Record<string, string> = {};
      if (perUserPerMinute !== undefined || perMinute !== undefined) {
        const taken = await takePermits(provider, key);
        giveBack = taken.giveBack;
        if (taken.refusal !== undefined) return taken.refusal;
        if (perUserPerMinute !== undefined) fields = fieldsOfUser(perUserPerMinute, taken.user);
      }
      const circuit = circuitOf(provider.id);
      const isGuarded = !isHostSaid(provider);
      const admission = isGuarded ? await circuits.admit(circuit) : unguarded;
      if (admission.kind === 'refused') throw admission.error;
      isKept = true;
      let isNoted = false;
      const report = async (verdict: ReturnType<typeof verdictOf>) => {
        if (isNoted || !isGuarded) return;
        isNoted = true;
        // By users: nobody's many connections are many voices.
        await circuits.report(circuit, uid, admission, verdict);
      };
      return {
        fields,
        async note(outcome) {
          if ('status' in outcome) told.note(connectionId, path, outcome, provider.rateLimit);
          await report(verdictOf(outcome));
        },
        async release() {
          await Promise.all([slot.release(), report(undefined)]);
        },
      };
    } finally {
      if (!isKept) {
        giveBack();
        await slot.release();
      }
    }
  };

  return {
    async admit(request) {
      const { deadlineAt, wait } = request;
      for (;;) {
        const outcome = await attempt(request);
        if (!('policy' in outcome)) return outcome;
        const afterMs = Math.max(1, outcome.afterMs);
        // Waiting for what comes too late would only cost time.
        if (wait === undefined || clock.ticks() + afterMs >= deadlineAt) throw refusalOf(outcome);
        await wait(afterMs);
      }
    },
  };
}

function refusalBy(policy: Refusal['policy'], quota: number, { renewedAfterMs }: Permit): Refusal {
  return {
    policy,
    quota,
    windowSeconds: windowMs / 1_000,
    afterMs: Math.max(leastMs, renewedAfterMs),
  };
}

function fieldsOfUser(quota: number, { left, renewedAfterMs }: Permit) {
  const windowSeconds = windowMs / 1_000;
  const renewedAfterSeconds = Math.ceil(renewedAfterMs / 1_000);
  return fieldsOf([{ policy: 'per-user', quota, windowSeconds, left, renewedAfterSeconds }]);
}

/** Documents that live for an hour name nobody. */
function hashOf(providerId: string, uid: string): string {
  return createHash('sha256').update(`${providerId}\n${uid}`).digest('base64url').slice(0, 22);
}
