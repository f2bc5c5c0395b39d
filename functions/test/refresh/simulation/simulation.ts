import { Timestamp } from 'firebase-admin/firestore';
import * as oauth from 'oauth4webapi';
import { EgressError } from '../../../src/egress/egress.ts';
import { unavailable } from '../../../src/errors.ts';
import type { Party } from '../../../src/oauth/party.ts';
import type { TokenSet } from '../../../src/oauth/token-set.ts';
import type { Provider } from '../../../src/providers/settings-schema.ts';
import type { Opened, RefreshDependencies } from '../../../src/refresh/dependencies.ts';
import { createRefreshEngine } from '../../../src/refresh/engine.ts';
import { leaseMs } from '../../../src/refresh/lease.ts';
import type { VaultDocument } from '../../../src/store/documents.ts';
import { type Behaviour, json, SimulatedProvider } from './provider.ts';
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
}

export type ExchangeKind = 'read' | 'write' | 'token request';

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
} as const;

const connectionId = 'connection';
const uid = 'ada';
const callDeadlineMs = 120_000;
const stopMs = leaseMs + 5_000;

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
  #version = 0;
  readonly #exchanges: Record<ExchangeKind, number> = { read: 0, write: 0, 'token request': 0 };
  #faultless = false;
  readonly #options: SimulationOptions;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.scheduler = new Scheduler(options);
    this.provider = new SimulatedProvider(options.behaviour);
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
    const { scheduler } = this;
    this.started += 1;
    let die = (): void => {};
    const killed = new Promise<'killed'>((resolve) => {
      die = () => resolve('killed');
    });
    let attempts = 0;
    const exchange = this.#exchange(name, die);
    const fresh = createRefreshEngine({
      store: this.#store(name, exchange),
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
      clock: {
        now: () => scheduler.now,
        ticks: () => scheduler.now,
        sleep: (delayMs) => scheduler.sleep(name, delayMs),
      },
      random: () => 0.5,
      newId: () => {
        attempts += 1;
        return `${name}/${attempts}`;
      },
    });
    return () => {
      const deadlineAt = scheduler.now + callDeadlineMs;
      return Promise.race([fresh({ connectionId, uid, deadlineAt }), killed]);
    };
  }

  faultsAreOver(): void {
    this.#faultless = true;
  }

  #providerData(): Provider {
    return {
      id: 'simulated',
      kind: 'oauth2',
      name: 'Simulated',
      sendsIssuer: false,
      authorizationEndpoint: 'https://provider.example/authorize',
      tokenEndpoint: 'https://provider.example/token',
      clientId: 'client',
      clientSecrets: [],
      clientAuthentication: 'none',
      scopes: [],
      scopeSeparator: ' ',
      authorizationParameters: {},
      apiBaseUrl: 'https://provider.example/api',
      methods: ['GET'],
      requestHeaders: [],
      allowTokenRelease: false,
      life: {
        rotation: rotationOf[this.#options.behaviour],
        permanentErrors: [],
        transientErrors: [],
      },
      rotate: { policy: 'always', usedWithinDays: 30, perSecond: 10, concurrency: 10 },
    };
  }

  #store(name: string, exchange: Exchange): RefreshDependencies['store'] {
    const { scheduler } = this;
    const version = () => Timestamp.fromMillis(this.#version);
    return {
      readVault: (id) =>
        exchange(
          'read',
          'reads',
          () => ({ id, document: this.document, version: version() }),
          firestoreFault,
        ),
      update: (found, patch) =>
        exchange(
          'write',
          describe(patch),
          () => {
            if (!found.version.isEqual(version())) return undefined;
            this.#version += 1;
            const { lease } = this.document;
            const foreign = lease !== null && !lease.owner.startsWith(`${name}/`);
            if (foreign && patch.lease === null && scheduler.now < lease.until) this.freed += 1;
            if (patch.sealed !== undefined) this.committed.push(numberOf(patch.sealed));
            this.document = { ...this.document, ...patch };
            return version();
          },
          firestoreFault,
        ),
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
      client: { client_id: provider.clientId },
      clientAuth: oauth.None(),
      transport,
    };
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
      const fault = this.#faultOf(kind);
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
