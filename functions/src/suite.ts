import { randomBytes } from 'node:crypto';
import { createAudit } from './audit/audit.ts';
import { createAuditList } from './audit/list.ts';
import { createServiceAudit } from './audit/services.ts';
import { auditingSealer } from './audit/tampering.ts';
import { createTokenCache } from './calls/access-token.ts';
import { createAuthorized } from './calls/authorized.ts';
import { createCallApi } from './calls/call.ts';
import { createVerify } from './calls/verify.ts';
import { createConnections } from './client/connections.ts';
import { createFindAccount } from './connections/account/account.ts';
import { createLookUp } from './connections/account/look-up.ts';
import { createProfile } from './connections/account/profile.ts';
import { createAdd } from './connections/add/add.ts';
import { createBegin } from './connections/authorize/begin.ts';
import { createBeginDevice } from './connections/authorize/begin-device.ts';
import { createCallbackTarget } from './connections/authorize/callback.ts';
import { createComplete } from './connections/authorize/complete.ts';
import { createPollDevice } from './connections/authorize/poll-device.ts';
import { createDisconnect } from './connections/end/disconnect.ts';
import { createEnd } from './connections/end/end.ts';
import { createForget } from './connections/end/forget.ts';
import { createRevokeGrant } from './connections/end/revoke-later.ts';
import { createExchange } from './connections/exchange/exchange.ts';
import { createExport } from './connections/export.ts';
import { createGet, createList } from './connections/list.ts';
import { createNoteRefusal } from './connections/note-refusal.ts';
import { createAway } from './connections/pause/away.ts';
import { createPause } from './connections/pause/pause.ts';
import { createSeed, createSeedLater } from './connections/sign-in/seed.ts';
import { createToken } from './connections/token.ts';
import { createSweep } from './connections/upkeep/sweep.ts';
import { createWarn } from './connections/upkeep/warn.ts';
import { createDoor } from './egress/adapter.ts';
import { createEgress, createKeptAgents } from './egress/egress.ts';
import { createStreamingEgress } from './egress/stream.ts';
import { createDelivery } from './events/delivery.ts';
import { createEventarcSender } from './events/eventarc.ts';
import { createHandOver } from './events/hand-over.ts';
import { createOutbox } from './events/outbox.ts';
import { createWebhookSender } from './events/webhook.ts';
import { createServices } from './identity/services.ts';
import { createReseal } from './keys/reseal.ts';
import { createRotateKeys } from './keys/rotate.ts';
import { createSharedLimits } from './limits/create.ts';
import { createPartyFinder } from './oauth/party.ts';
import type { Clock } from './platform/clock.ts';
import type { Environment } from './platform/environment.ts';
import { openFirestore } from './platform/firestore.ts';
import { createSecretReader } from './platform/secret-manager.ts';
import { createSecretWriter } from './platform/secret-writer.ts';
import { createServerClock, type ServerClock } from './platform/server-clock.ts';
import { type Enqueue, enqueueTask } from './platform/tasks.ts';
import { standingsOf } from './platform/users.ts';
import { createProviderList } from './providers/list.ts';
import { createSettingsReader } from './providers/settings.ts';
import { createProxy } from './proxy/proxy.ts';
import { createCircuits } from './refresh/circuit.ts';
import { createCommitRefresh } from './refresh/commit-refresh.ts';
import { createRefreshEngine } from './refresh/engine.ts';
import { createProbeForgotten } from './refresh/probe-forgotten.ts';
import { createRefreshBatch } from './refresh/refresh-batch.ts';
import { createRotation } from './refresh/rotation.ts';
import { createAuditStore } from './store/audit-store.ts';
import { type ConnectionStore, createConnectionStore } from './store/connection-store.ts';
import { createEventStore } from './store/event-store.ts';
import { createExportStore } from './store/export-store.ts';
import { createForgettingStore } from './store/forgetting-store.ts';
import { createKeyStore } from './store/key-store.ts';
import { createProviderStore } from './store/provider-store.ts';
import { createKeyring } from './vault/keyring.ts';
import { createSealer } from './vault/seal.ts';

/** What the team may name differently; each has a default. */
export interface SuiteSettings {
  readonly databaseId: string;
  readonly keyringSecretId: string;
  readonly providersSecretId: string;
  /** How long an instance keeps opened tokens. */
  readonly tokenCacheSeconds?: number;
}

/** What tests put in the place of the real thing. */
export interface SuiteOverrides {
  /** Default: Firestore's time, so that all instances agree. */
  readonly clock?: Clock | ServerClock;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  readonly enqueue?: Enqueue;
  /** Longer than the real limit, for tests on a slow machine. */
  readonly seedingMs?: number;
  /** Default: as Firebase Auth says. */
  readonly standings?: typeof standingsOf;
  /** Shorter than the real limit, for tests that wait for it. */
  readonly providerTimeoutMs?: number;
}

/** Puts the use cases together with the real Firestore, Secret Manager, clock and network. */
export function createSuite(
  environment: Environment,
  names: SuiteSettings,
  overrides: SuiteOverrides = {},
) {
  const { clock = createServerClock(), random = Math.random, enqueue = enqueueTask } = overrides;
  const { standings = standingsOf } = overrides;
  const allowLoopback = environment.mode === 'sandbox';
  const secrets = createSecretReader(environment);
  const outside = { allowLoopback, keptAgents: createKeptAgents() };
  const egress = createEgress(outside);
  const settings = createSettingsReader({
    secrets,
    secretId: names.providersSecretId,
    clock,
    allowLoopbackHttp: allowLoopback,
  });
  const db = openFirestore(environment, names.databaseId);
  const timed = timedBy(clock);
  const records = createAuditStore(db, timed);
  const audit = createAudit({ store: records, settings, clock });
  const keyring = createKeyring({ secrets, secretId: names.keyringSecretId, clock });
  const sealer = auditingSealer(createSealer(keyring), audit);
  const outbox = createOutbox({ settings, clock, enqueue });
  const newId = () => randomBytes(16).toString('base64url');
  const providers = createProviderStore(db, timed);
  const shared = {
    store: createConnectionStore(db, timed),
    circuits: createCircuits({ providers, outbox, clock, random, newId }),
    settings,
    findParty: createPartyFinder({
      egress,
      allowLoopback,
      timeoutMs: overrides.providerTimeoutMs,
    }),
    sealer,
    audit,
    outbox,
    enqueue,
    clock,
    random,
    newId,
    verify: createVerify(egress),
    newState: () => randomBytes(32).toString('base64url'),
  };
  const { store } = shared;
  const { pausedUntil } = shared.circuits;
  const fresh = createRefreshEngine(shared);
  const tokens = createTokenCache(fresh, clock, names.tokenCacheSeconds);
  const authorized = createAuthorized(tokens, clock);
  const limits = createSharedLimits({ ...shared, db, timed });
  const connecting = {
    ...shared,
    lookUp: createLookUp(egress),
    findAccount: createFindAccount(egress),
    noteRefusal: createNoteRefusal(audit),
    forgetToken: tokens.forget,
  };
  const exchange = createExchange({ ...connecting, tokens, limits });
  const forgettings = createForgettingStore(db);
  const end = createEnd({ ...shared, forgetToken: tokens.forget });
  const forget = createForget({ ...shared, forgettings, end });
  const pause = createPause({ ...shared, forgetToken: tokens.forget });
  const seeding = {
    ...shared,
    forgetToken: tokens.forget,
    resume: pause.resume,
    seedingMs: overrides.seedingMs,
  };
  const warn = createWarn(shared);
  const probe = createProbeForgotten({ ...shared, providers });
  const listAudit = createAuditList(records);

  const events = createEventStore(db, timed);
  const keys = createKeyStore(db, timed);
  const senders = {
    webhook: createWebhookSender(egress, clock),
    eventarc: createEventarcSender(environment),
  };

  return {
    store,
    events,
    listProviders: createProviderList(settings),
    add: createAdd(connecting),
    begin: createBegin(shared),
    callbackTarget: createCallbackTarget(shared),
    complete: createComplete(connecting),
    beginDevice: createBeginDevice(shared),
    pollDevice: createPollDevice(connecting),
    exchange: exchange.forCaller,
    profile: createProfile({ ...shared, tokens, authorized, egress, limits }),
    list: createList(store),
    get: createGet(store),
    call: createCallApi({ authorized, egress, limits, clock }),
    proxy: createProxy({
      authorized,
      stream: createStreamingEgress(outside),
      limits,
      settings,
      clock,
    }),
    connections: createConnections({
      ...shared,
      tokens,
      authorized,
      exchange: exchange.forApp,
      door: createDoor(outside),
      limits,
      disconnect: createDisconnect(end),
    }),
    token: createToken(tokens, audit),
    disconnect: createDisconnect(end),
    forget,
    revokeGrant: createRevokeGrant(shared),
    audit,
    serviceAudit: createServiceAudit({ audit, settings }),
    serviceOf: createServices({ settings, egress, clock, allowLoopback }),
    listAudit,
    exportAll: createExport({ store: createExportStore(db), listAudit, clock }),
    rotate: onTime(clock, store, createRotation({ ...shared, pausedUntil })),
    refreshBatch: createRefreshBatch({ ...shared, pausedUntil, fresh }),
    commitRefresh: createCommitRefresh(shared),
    deliverEvents: createDelivery({ store: events, settings, senders, clock, random }),
    handOverEvents: createHandOver({ store: events, settings, enqueue, clock }),
    rotateKeys: createRotateKeys({
      ...shared,
      keys,
      writer: createSecretWriter(environment),
      secretId: names.keyringSecretId,
    }),
    resealBatch: createReseal({ ...shared, keys }),
    sweep: onTime(
      clock,
      store,
      createSweep({ store, forgettings, standings, forget, pause, warn, probe, clock }),
    ),
    warn,
    /** A genuine token was refused because its session has ended. */
    sessionEnded: createAway({ standings, pause: pause.pause, clock }),
    seed: createSeed(seeding),
    seedLater: createSeedLater(seeding),
    pause: pause.pause,
    resume: pause.resume,
  };
}

export type Suite = ReturnType<typeof createSuite>;

/**
 * What begins by asking the clock what is due must not ask one that is wrong: in an instance that
 * has had no answer of Firestore yet, 1 read comes first.
 */
function onTime<T>(
  clock: Clock | ServerClock,
  store: Pick<ConnectionStore, 'readCursor'>,
  work: () => Promise<T>,
): () => Promise<T> {
  return async () => {
    if ('isSet' in clock && !clock.isSet()) await store.readCursor();
    return work();
  };
}

function timedBy(clock: Clock | ServerClock): ServerClock['timed'] {
  return 'timed' in clock ? clock.timed : (ask) => ask();
}
