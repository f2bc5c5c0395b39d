import { Timestamp } from 'firebase-admin/firestore';
import * as oauth from 'oauth4webapi';
import * as v from 'valibot';
import { EgressError } from '../../../src/egress/egress.ts';
import { unavailable } from '../../../src/errors.ts';
import type { Party } from '../../../src/oauth/party.ts';
import type { TokenSet } from '../../../src/oauth/token-set.ts';
import { createServerClock, type ServerClock } from '../../../src/platform/server-clock.ts';
import { providerSchema } from '../../../src/providers/provider-schema.ts';
import type { Provider } from '../../../src/providers/settings-schema.ts';
import { createCircuits } from '../../../src/refresh/circuit.ts';
import { createCommitRefresh } from '../../../src/refresh/commit-refresh.ts';
import type { Opened, RefreshDependencies } from '../../../src/refresh/dependencies.ts';
import { createRefreshEngine } from '../../../src/refresh/engine.ts';
import { leaseMs } from '../../../src/refresh/protocol.ts';
import { spilledSchema } from '../../../src/refresh/spill.ts';
import type { VaultDocument } from '../../../src/store/documents.ts';
import type { ProviderDocument, ProviderStore } from '../../../src/store/provider-store.ts';
import type { Stored } from '../../../src/store/stored.ts';
import { type Behaviour, graceSeconds, json, SimulatedProvider } from './provider.ts';
import { Scheduler, type SchedulerOptions } from './scheduler.ts';

/** What can go wrong with an exchange, be it with Firestore or with the provider. */
export type Fault =
  /** It never arrives. */
  | 'refused'
  /** It takes effect; its answer does not arrive. */
  | 'lost'
  /** The process is killed before it takes effect, or after. */
  | 'killed before'
  | 'killed after'
  /** The process is stopped for longer than a lease before it sees the answer. */
  | 'stopped'
  /** Answers of the provider; to Firestore they are as `refused`. */
  | '503'
  | 'invalid_client';

export interface SimulationOptions extends SchedulerOptions {
  readonly behaviour: Behaviour;
  readonly faults: readonly PlannedFault[];
  /** From the first answer to a token request on, Firestore is away for that long. */
  readonly outageMs?: number;
}

export type ExchangeKind = 'read' | 'write' | 'token request' | 'task';

/** What goes wrong with which exchange; each kind is counted from 0. */
export interface PlannedFault {
  readonly kind: ExchangeKind;
  readonly number: number;
  readonly fault: Fault;
}

/** What the provider's data says of it. */
const rotationOf = {
  stays: 'none',
  'is spent': 'rotates',
  'ends the grant': 'rotates',
  'has grace': 'rotates-with-grace',
  'has a minute of grace': 'rotates-with-grace',
} as const;

const connectionId = 'connection';
const uid = 'ada';
const callDeadlineMs = 120_000;
const stopMs = leaseMs + 5_000;
/** As `commitRefresh` is configured. */
const longestTaskPauseMs = 5_000;
/** How wrong the clocks of processes are: every look at one gives the next of these. */
const skewsMs = [-300_000, 0, 300_000] as const;

/**
 * Several processes that run the real refresh engine over one document and one provider, step by
 * step. Firestore is reduced to what the protocol uses of it: a read, and a compare-and-set.
 */
export class Simulation {
  readonly scheduler: Scheduler;
  readonly provider: SimulatedProvider;
  /** The faults that took place. */
  readonly met: Fault[] = [];
  /** Leases that somebody else than their holder gave back while they lived. */
  freed = 0;
  /** The provider's last words that Firestore did not take: nobody else knows of them. */
  unwritten = 0;
  /** Token sets that the provider gave and no process received. */
  lost = 0;
  /** Processes so far. */
  started = 0;
  document: VaultDocument;
  /** The numbers of issue of the token sets, in the order of their commits. */
  readonly committed: number[] = [];
  /** Token sets that were handed to a task. */
  spilled = 0;
  #version = 0;
  /** The provider's circuit. */
  #circuit: Stored<ProviderDocument> | undefined;
  readonly #exchanges = { read: 0, write: 0, 'token request': 0, task: 0 };
  #faultless = false;
  #awayUntil: number | undefined;
  readonly #options: SimulationOptions;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.scheduler = new Scheduler(options);
    this.provider = new SimulatedProvider(options.behaviour, () => this.scheduler.now);
    const { now } = this.scheduler;
    this.document = {
      uid,
      provider: 'simulated',
      status: 'active',
      reason: null,
      generation: 1,
      sealed: JSON.stringify({
        accessToken: 'access-1',
        tokenType: 'bearer',
        refreshToken: 'refresh-1',
        scopes: [],
        obtainedAt: now - 3_600_000,
        expiresAt: now,
      } satisfies TokenSet),
      keyVersion: '1',
      obtainedAt: now - 3_600_000,
      expiresAt: now,
      refreshAt: null,
      shard: 0,
      lease: null,
      retryAt: null,
      refusedWith: null,
      journal: null,
      authorization: null,
      committedBy: null,
      failures: 0,
      grantedAt: now - 3_600_000,
      refreshes: 0,
      usedAt: now - 3_600_000,
      needsReauthAt: null,
      warnAt: null,
      events: 0,
    };
  }

  /** A process with callers of its own; gives a function that calls once. */
  process(name: string): () => Promise<Opened | 'killed'> {
    this.started += 1;
    let die = (): void => {};
    const killed = new Promise<'killed'>((resolve) => {
      die = () => resolve('killed');
    });
    const dependencies = this.#dependencies(name, die);
    const fresh = createRefreshEngine(dependencies);
    return () => {
      const deadlineAt = dependencies.clock.ticks() + callDeadlineMs;
      return Promise.race([fresh({ connectionId, uid, deadlineAt }), killed]);
    };
  }

  /** Somebody who writes other fields of the document, as the sweep does with its warnings. */
  async bystander(times: number): Promise<void> {
    for (let warnAt = 1; warnAt <= times; warnAt += 1) {
      await this.scheduler.turn('sweep', 'writes a warning');
      this.#version += 1;
      this.document = { ...this.document, warnAt };
    }
  }

  faultsAreOver(): void {
    this.#faultless = true;
  }

  #dependencies(name: string, die: () => void): RefreshDependencies {
    const { scheduler } = this;
    const exchange = this.#exchange(name, die);
    const clock = createServerClock(this.#wrongClock(name));
    let ids = 0;
    const newId = () => {
      ids += 1;
      return `${name}/${ids}`;
    };
    const outbox: RefreshDependencies['outbox'] = {
      open: () =>
        Promise.resolve({
          connection: () => ({ patch: {}, documents: [] }),
          provider: () => ({ patch: {}, documents: [] }),
          audit: () => [],
        }),
      handOver: () => Promise.resolve(),
    };
    const random = () => 0.5;
    const providers = this.#providerStore(exchange, clock);
    return {
      store: this.#store(name, exchange, clock),
      settings: {
        read: () => Promise.reject(new Error('not used')),
        provider: () => Promise.resolve(this.#providerData()),
      },
      findParty: () => Promise.resolve(this.#party(exchange)),
      sealer: {
        prepare: () => Promise.resolve(),
        seal: (value) => Promise.resolve({ jwe: JSON.stringify(value), kid: '1' }),
        open: (jwe) => Promise.resolve(JSON.parse(jwe)),
      },
      circuits: createCircuits({ providers, outbox, clock, random, newId }),
      outbox,
      enqueue: (_queue, data) =>
        exchange('task', 'hands the token set to a task', () => this.#spill(data), taskFault),
      clock,
      random,
      newId,
    };
    function taskFault(): never {
      scheduler.say(name, 'has no task');
      throw new Error('The queue takes no task.');
    }
  }

  /** A clock that is wrong and jumps; only its ticks can be trusted. */
  #wrongClock(name: string) {
    const { scheduler } = this;
    let looks = 0;
    return {
      now: () => {
        looks += 1;
        return scheduler.now + (skewsMs[(looks + name.length) % skewsMs.length] ?? 0);
      },
      ticks: () => scheduler.now - 1_000_000,
      sleep: (delayMs: number) => scheduler.sleep(name, delayMs),
    };
  }

  /** A task that is delivered until it succeeds, to a process that may be killed as well. */
  #spill(data: object): void {
    this.spilled += 1;
    const spilled = v.parse(spilledSchema, data);
    const run = async (): Promise<void> => {
      for (let attempt = 1; attempt < 100; attempt += 1) {
        const name = `task${this.spilled}.${attempt}`;
        const outcome = await new Promise<string>((resolve) => {
          const commitRefresh = createCommitRefresh(
            this.#dependencies(name, () => resolve('killed')),
          );
          commitRefresh(spilled).then(
            () => resolve('done'),
            () => resolve('failed'),
          );
        });
        if (outcome === 'done') return;
        await this.scheduler.sleep(name, Math.min(1_000 * attempt, longestTaskPauseMs));
      }
    };
    void run();
  }

  #providerData(): Provider {
    const settings = v.parse(providerSchema, {
      kind: 'oauth2',
      name: 'Simulated',
      authorizationEndpoint: 'https://provider.example/authorize',
      tokenEndpoint: 'https://provider.example/token',
      clientId: 'client',
      clientAuthentication: 'none',
      apiBaseUrl: 'https://provider.example/api',
      life: {
        rotation: rotationOf[this.#options.behaviour],
        ...(this.#options.behaviour === 'has a minute of grace' && { graceSeconds }),
      },
    });
    return { ...settings, id: 'simulated' };
  }

  #providerStore(exchange: Exchange, clock: ServerClock): Pick<ProviderStore, 'read' | 'write'> {
    const timed = timedBy(this.scheduler, clock);
    return {
      read: () => timed(exchange, 'read', 'reads the circuit', () => this.#circuit),
      write: (id, found, document) =>
        timed(exchange, 'write', `writes the circuit: ${document.circuit}`, () => {
          if (found?.version !== this.#circuit?.version) return undefined;
          this.#version += 1;
          const version = Timestamp.fromMillis(this.#version);
          this.#circuit = { id, document, version };
          return version;
        }),
    };
  }

  #store(name: string, exchange: Exchange, clock: ServerClock): RefreshDependencies['store'] {
    const { scheduler } = this;
    const timed = timedBy(scheduler, clock);
    const version = () => Timestamp.fromMillis(this.#version);
    return {
      readVault: (id) =>
        timed(exchange, 'read', 'reads', () => ({
          id,
          document: this.document,
          version: version(),
        })),
      update: (found, patch) =>
        timed(exchange, 'write', describe(patch), () => {
          if (!found.version.isEqual(version())) return undefined;
          this.#version += 1;
          const { lease } = this.document;
          const foreign = lease !== null && !lease.owner.startsWith(`${name}/`);
          if (foreign && patch.lease === null && scheduler.now < lease.until) this.freed += 1;
          if (patch.sealed !== undefined) this.committed.push(numberOf(patch.sealed));
          this.document = { ...this.document, ...patch };
          return version();
        }),
    };
  }

  #party(exchange: Exchange): Party {
    const provider = this.#providerData();
    const ask = (refreshToken: string) =>
      exchange(
        'token request',
        'spends the refresh token',
        () => this.provider.refresh(refreshToken),
        providerFault,
      );
    const transport = {
      [oauth.customFetch]: (_url: string, { body }: { readonly body?: unknown }) =>
        ask(new URLSearchParams(String(body)).get('refresh_token') ?? ''),
      [oauth.allowInsecureRequests]: false,
    };
    return {
      provider,
      server: {
        issuer: 'https://provider.example',
        token_endpoint: 'https://provider.example/token',
      },
      client: { client_id: provider.id },
      authenticated: (ask) => ask(oauth.None()),
      transport,
    };
  }

  #isAway(kind: ExchangeKind): boolean {
    const isFirestore = kind === 'read' || kind === 'write';
    return isFirestore && this.scheduler.now < (this.#awayUntil ?? 0);
  }

  #faultOf(kind: ExchangeKind): Fault | undefined {
    const number = this.#exchanges[kind];
    this.#exchanges[kind] += 1;
    if (this.#faultless) return undefined;
    const { faults } = this.#options;
    return faults.find((planned) => planned.kind === kind && planned.number === number)?.fault;
  }

  /** One exchange of a process with the outside: two turns, and a fault if the plan has one. */
  #exchange(who: string, die: () => void): Exchange {
    const { scheduler } = this;
    const never = () => {
      scheduler.say(who, 'is killed');
      die();
      return new Promise<never>(() => {});
    };
    return async (kind, what, effect, asError) => {
      await scheduler.turn(who, what);
      const fault = this.#isAway(kind) ? 'refused' : this.#faultOf(kind);
      if (fault !== undefined) this.met.push(fault);
      if (fault === 'killed before') return never();
      if (fault === undefined || /^(lost|killed after|stopped)/.test(fault)) {
        const issued = this.provider.issued;
        const result = effect();
        if (fault === 'lost' || fault === 'killed after')
          this.lost += this.provider.issued - issued;
        if (fault === 'killed after') return never();
        if (fault === 'stopped') await scheduler.sleep(who, stopMs);
        await scheduler.turn(who, `${what}: ${fault ?? 'answered'}`);
        if (kind === 'token request')
          this.#awayUntil ??= scheduler.now + (this.#options.outageMs ?? 0);
        if (fault !== 'lost') return result;
      } else {
        if (what.startsWith(givesUp)) this.unwritten += 1;
        await scheduler.turn(who, `${what}: ${fault}`);
      }
      return asError(fault);
    };
  }
}

type Exchange = <T>(
  kind: ExchangeKind,
  what: string,
  effect: () => T,
  asError: (fault: Fault) => T,
) => Promise<T>;

/** An exchange with Firestore, which tells its time in the answer. */
function timedBy(scheduler: Scheduler, clock: ServerClock) {
  return async <T>(
    exchange: Exchange,
    kind: ExchangeKind,
    what: string,
    effect: () => T,
  ): Promise<T> => {
    const ask = () =>
      exchange(kind, what, () => ({ value: effect(), at: scheduler.now }), firestoreFault);
    return (await clock.timed(ask, ({ at }) => at)).value;
  };
}

function firestoreFault(): never {
  throw unavailable('firestore');
}

function providerFault(fault: Fault): Response {
  if (fault === '503') return json(503, {});
  if (fault === 'invalid_client') return json(401, { error: 'invalid_client' });
  throw fault === 'lost'
    ? new EgressError('timeout', 'unknown')
    : new EgressError('unreachable', 'no');
}

const givesUp = 'gives up';

function describe(patch: Partial<VaultDocument>): string {
  if (patch.sealed !== undefined) return `commits token set ${numberOf(patch.sealed)}`;
  if (patch.lease !== undefined && patch.lease !== null) return 'takes the lease';
  return patch.status === 'needs_reauth' ? `${givesUp}: ${patch.reason}` : 'gives the lease back';
}

/** The number of issue of a token set. */
export function numberOf(sealed: string): number {
  return Number(/"accessToken":"access-(\d+)"/.exec(sealed)?.[1]);
}
