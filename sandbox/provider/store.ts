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

/** Everything the provider remembers, by model, in memory. */
export class Store {
  readonly #settings: Readonly<Settings>;
  readonly #models = new Map<string, Map<string, StoredRecord>>();
  readonly #grants = new Map<string, GrantSummary>();

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
    const tokens = this.#records('AccessToken');
    const { size } = tokens;
    tokens.clear();
    return size;
  }

  countRefresh(grantId: string): void {
    const grant = this.#grants.get(grantId);
    if (grant) grant.refreshes++;
  }

  /** The storage of one model, as oidc-provider wants it. */
  adapter(model: string): Adapter {
    const records = this.#records(model);
    const findBy = (matches: (payload: AdapterPayload) => boolean) =>
      [...records.values()].find((record) => isCurrent(record) && matches(record.payload))?.payload;

    return {
      upsert: async (id, payload, expiresInSeconds) => {
        this.#recordGrant(model, id, payload);
        const lifetimeMs = (expiresInSeconds ?? Number.POSITIVE_INFINITY) * 1000;
        records.set(id, {
          payload: structuredClone(payload),
          expiresAtMs: Date.now() + lifetimeMs,
        });
      },
      find: async (id) => {
        const record = records.get(id);
        if (!record) return undefined;
        if (!isCurrent(record)) {
          records.delete(id);
          return undefined;
        }
        return this.#isInGrace(model, record.payload)
          ? { ...record.payload, consumed: undefined }
          : { ...record.payload };
      },
      findByUid: async (uid) => findBy((payload) => payload.uid === uid),
      findByUserCode: async (userCode) => findBy((payload) => payload.userCode === userCode),
      consume: async (id) => this.#consume(model, records.get(id)?.payload),
      destroy: async (id) => {
        records.delete(id);
        if (model === 'Grant') this.#revoke(id);
      },
      revokeByGrantId: async (grantId) => this.#revoke(grantId),
    };
  }

  #records(model: string): Map<string, StoredRecord> {
    const records = this.#models.get(model) ?? new Map<string, StoredRecord>();
    this.#models.set(model, records);
    return records;
  }

  /** A grant that was revoked while a request was under way gets no new tokens. */
  #recordGrant(model: string, id: string, { accountId, clientId, grantId }: AdapterPayload): void {
    if (grantId !== undefined && this.#grants.get(grantId)?.status === 'revoked') {
      throw new errors.InvalidGrant('grant revoked');
    }
    if (model !== 'Grant' || this.#grants.has(id)) return;
    this.#grants.set(id, {
      accountId: accountId ?? '',
      clientId: clientId ?? '',
      createdAt: new Date().toISOString(),
      status: 'active',
      refreshes: 0,
    });
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
    payload.consumed ??= Math.floor(Date.now() / 1000);
  }

  #isInGrace(model: string, { consumed }: AdapterPayload): boolean {
    const { rotation, graceSeconds } = this.#settings;
    if (model !== 'RefreshToken' || rotation !== 'grace' || typeof consumed !== 'number') {
      return false;
    }
    return Date.now() / 1000 - consumed <= graceSeconds;
  }

  #revoke(grantId: string): void {
    const grant = this.#grants.get(grantId);
    if (grant) grant.status = 'revoked';
    this.#records('Grant').delete(grantId);
    for (const records of this.#models.values()) {
      for (const [id, { payload }] of records) {
        if (payload.grantId === grantId) records.delete(id);
      }
    }
  }
}

function isCurrent({ expiresAtMs }: StoredRecord): boolean {
  return expiresAtMs > Date.now();
}
