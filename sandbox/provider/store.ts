import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import type { Settings } from './settings.ts';

/** What an account allowed a client; never a token. */
export interface GrantSummary {
  readonly accountId: string;
  readonly clientId: string;
  readonly createdAt: string;
  status: 'active' | 'revoked';
  /** Successful uses of a refresh token. */
  refreshes: number;
}

interface StoredRecord {
  readonly payload: AdapterPayload;
  readonly expiresAtMs: number;
}

/** Everything the provider remembers, in memory. */
export class Store {
  readonly #settings: Readonly<Settings>;
  /** By `<model>:<id>`. */
  readonly #records = new Map<string, StoredRecord>();
  readonly #grants = new Map<string, GrantSummary>();
  /** Keys of the codes and tokens of a grant, by its id. */
  readonly #members = new Map<string, Set<string>>();
  /** Keys by the second name of a record, `<model>:<uid or user code>`. */
  readonly #aliases = new Map<string, string>();

  constructor(settings: Readonly<Settings>) {
    this.#settings = settings;
  }

  /** Every grant ever given, oldest first. */
  grants(): GrantSummary[] {
    return [...this.#grants.values()].map((grant) => ({ ...grant }));
  }

  /** Revokes the grants of one account, or all; gives how many were active. */
  revokeGrants(accountId?: string): number {
    let revoked = 0;
    for (const [grantId, grant] of this.#grants) {
      if (grant.status === 'revoked') continue;
      if (accountId !== undefined && grant.accountId !== accountId) continue;
      this.#revoke(grantId);
      revoked++;
    }
    return revoked;
  }

  /** Makes every access token unknown; gives how many there were. */
  expireAccessTokens(): number {
    const keys = [...this.#records.keys()].filter((key) =>
      /^(AccessToken|ClientCredentials):/.test(key),
    );
    for (const key of keys) this.#records.delete(key);
    return keys.length;
  }

  /** Notes a successful use of a refresh token. */
  countRefresh(grantId: string): void {
    const grant = this.#grants.get(grantId);
    if (grant) grant.refreshes++;
  }

  /** The storage of one model, as oidc-provider wants it. */
  adapter(model: string): Adapter {
    const keyOf = (id: string) => `${model}:${id}`;
    const findByAlias = async (alias: string) => this.#find(model, this.#aliases.get(keyOf(alias)));
    return {
      upsert: async (id, payload, expiresInSeconds) =>
        this.#save(model, id, payload, expiresInSeconds),
      find: async (id) => this.#find(model, keyOf(id)),
      findByUid: findByAlias,
      findByUserCode: findByAlias,
      consume: async (id) => this.#consume(model, this.#records.get(keyOf(id))?.payload),
      destroy: async (id) => {
        this.#records.delete(keyOf(id));
        if (model === 'Grant') this.#revoke(id);
      },
      revokeByGrantId: async (grantId) => this.#revoke(grantId),
    };
  }

  #save(model: string, id: string, payload: AdapterPayload, expiresInSeconds?: number): void {
    const { accountId = '', clientId = '', grantId, uid, userCode } = payload;
    // A grant that was revoked while a request was under way gets no new tokens.
    if (grantId !== undefined && this.#grants.get(grantId)?.status === 'revoked') {
      throw new errors.InvalidGrant('grant revoked');
    }
    const key = `${model}:${id}`;
    const lifetimeMs = (expiresInSeconds ?? Number.POSITIVE_INFINITY) * 1000;
    const expiresAtMs = Date.now() + lifetimeMs;
    this.#records.set(key, { payload: structuredClone(payload), expiresAtMs });
    const alias = uid ?? userCode;
    if (alias !== undefined) this.#aliases.set(`${model}:${alias}`, key);
    if (grantId !== undefined) {
      const members = this.#members.get(grantId) ?? new Set();
      this.#members.set(grantId, members.add(key));
    }
    if (model === 'Grant' && !this.#grants.has(id)) {
      const createdAt = new Date().toISOString();
      this.#grants.set(id, { accountId, clientId, createdAt, status: 'active', refreshes: 0 });
    }
  }

  #find(model: string, key: string | undefined): AdapterPayload | undefined {
    const record = this.#records.get(key ?? '');
    if (!record || key === undefined) return undefined;
    if (record.expiresAtMs <= Date.now()) {
      this.#records.delete(key);
      return undefined;
    }
    const { payload } = record;
    return this.#isInGrace(model, payload) ? { ...payload, consumed: undefined } : { ...payload };
  }

  /**
   * Spends a code or refresh token. Of two requests that both found it unspent, the second is
   * a replay like any later one, and costs the whole grant.
   */
  #consume(model: string, payload: AdapterPayload | undefined): void {
    if (!payload) throw new errors.InvalidGrant('token not found');
    if (payload.consumed !== undefined && !this.#isInGrace(model, payload)) {
      if (payload.grantId !== undefined) this.#revoke(payload.grantId);
      throw new errors.InvalidGrant('token already used');
    }
    payload.consumed ??= Date.now() / 1000;
  }

  #isInGrace(model: string, { consumed }: AdapterPayload): boolean {
    const { rotation, graceSeconds } = this.#settings;
    if (model !== 'RefreshToken' || rotation !== 'grace') return false;
    return typeof consumed === 'number' && Date.now() / 1000 - consumed <= graceSeconds;
  }

  #revoke(grantId: string): void {
    const grant = this.#grants.get(grantId);
    if (grant) grant.status = 'revoked';
    this.#records.delete(`Grant:${grantId}`);
    for (const key of this.#members.get(grantId) ?? []) this.#records.delete(key);
    this.#members.delete(grantId);
  }
}
