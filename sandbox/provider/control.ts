import { readJsonObject } from '../http/body.ts';
import { type Counters, createCounters } from './counters.ts';
import { type Fault, type Faults, parseFault } from './faults.ts';
import type { Middleware } from './middleware.ts';
import type { RequestLog, SeenRequest } from './requests.ts';
import { applySettings, type Settings } from './settings.ts';
import type { GrantSummary, Store } from './store.ts';

/** What a test may see and do behind the provider's back; the same over HTTP: README.md. */
export interface Control {
  counters(): Counters;
  resetCounters(): void;
  settings(): Settings;
  /** @throws TypeError for an unknown setting or a value out of range. */
  updateSettings(patch: Partial<Settings>): Settings;
  /** Every access token stops working at once; refresh tokens stay. Gives how many. */
  expireAccessTokens(): number;
  grants(): GrantSummary[];
  /** Revokes as the user would in his account's settings. Gives how many. */
  revokeGrants(filter?: { readonly accountId?: string }): number;
  addFault(fault: Fault): void;
  faults(): Fault[];
  clearFaults(): void;
  /** The last 1,000 requests. */
  requests(): SeenRequest[];
  clearRequests(): void;
}

/** Joins the parts into one handle. */
export function createControl(parts: {
  readonly counters: Counters;
  readonly settings: Settings;
  readonly store: Store;
  readonly faults: Faults;
  readonly requests: RequestLog;
}): Control {
  const { counters, settings, store, faults, requests } = parts;
  return {
    counters: () => structuredClone(counters),
    resetCounters: () => void Object.assign(counters, createCounters()),
    settings: () => ({ ...settings }),
    updateSettings(patch) {
      applySettings(settings, { ...patch });
      return { ...settings };
    },
    expireAccessTokens: () => store.expireAccessTokens(),
    grants: () => store.grants(),
    revokeGrants: ({ accountId } = {}) => store.revokeGrants(accountId),
    addFault: (fault) => faults.add(fault),
    faults: () => faults.pending(),
    clearFaults: () => faults.clear(),
    requests: () => requests.list(),
    clearRequests: () => requests.clear(),
  };
}

type Body = Readonly<Record<string, unknown>>;
type Route = (control: Control, body: Body) => unknown;

const routes: Readonly<Record<string, Route>> = {
  'GET /sandbox/counters': (control) => control.counters(),
  'POST /sandbox/counters/reset': (control) => control.resetCounters(),
  'GET /sandbox/settings': (control) => control.settings(),
  'PATCH /sandbox/settings': (control, body) => control.updateSettings(body),
  'POST /sandbox/access-tokens/expire': (control) => ({ expired: control.expireAccessTokens() }),
  'GET /sandbox/grants': (control) => control.grants(),
  'POST /sandbox/grants/revoke': (control, { accountId }) => ({
    revoked: control.revokeGrants(accountId === undefined ? {} : { accountId: String(accountId) }),
  }),
  'GET /sandbox/faults': (control) => control.faults(),
  'POST /sandbox/faults': (control, body) => control.addFault(parseFault(body)),
  'DELETE /sandbox/faults': (control) => control.clearFaults(),
  'GET /sandbox/requests': (control) => control.requests(),
  'DELETE /sandbox/requests': (control) => control.clearRequests(),
};

/** Serves the control under `/sandbox/`: JSON in, JSON out, 204 where there is nothing to say. */
export function controlRoutes(control: Control): Middleware {
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/sandbox/')) return next();
    const route = routes[`${ctx.method} ${ctx.path}`];
    if (!route) {
      ctx.status = 404;
      ctx.body = { error: 'not_found', routes: Object.keys(routes) };
      return;
    }
    try {
      const answer = route(control, await readJsonObject(ctx.req));
      ctx.status = answer === undefined ? 204 : 200;
      if (answer !== undefined) ctx.body = answer;
    } catch (error) {
      ctx.status = 400;
      ctx.body = { error: 'invalid_request', message: error instanceof Error ? error.message : '' };
    }
  };
}
