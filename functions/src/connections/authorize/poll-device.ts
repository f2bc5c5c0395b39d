import * as v from 'valibot';
import { StrongroomError } from '../../errors.ts';
import type { Caller } from '../../identity/caller.ts';
import { type AuthorizingParty, findAuthorizingParty } from '../../oauth/authorizing-party.ts';
import {
  type DevicePoll,
  type DeviceSecrets,
  pollDeviceCode,
} from '../../oauth/device-authorization.ts';
import { dpopKeySchema } from '../../oauth/dpop.ts';
import { asOAuthFailure, asToldFailure, OAuthFailure } from '../../oauth/failure.ts';
import type { GivenTokens } from '../../oauth/given-tokens.ts';
import type { PartyFinder } from '../../oauth/party.ts';
import type { SettingsReader } from '../../providers/settings.ts';
import type { Values } from '../../providers/variables.ts';
import type { AuthorizationDocument, DevicePace } from '../../store/documents.ts';
import type { Stored } from '../../store/stored.ts';
import { rejected } from '../../vault/keyring.ts';
import type { Connected, Connection } from '../connection.ts';
import { type KeepGivenDependencies, keepGiven } from '../keep/keep-given.ts';
import { connectionOf } from '../list.ts';
import type { NoteRefusal } from '../note-refusal.ts';
import { deviceProvider } from './begin-device.ts';
import { pendingOf, stateUsed } from './pending.ts';
import { authorizationIdOf, placeOfSecrets } from './remember.ts';

/**
 * `slow_down`: nobody was asked, or the provider wants to be asked less often. Both it and `pending`:
 * ask again, not before `retryAfterSeconds` are over.
 */
export type PolledDevice =
  | { readonly status: 'pending' | 'slow_down'; readonly retryAfterSeconds: number }
  | { readonly status: 'connected'; readonly connection: Connection | Connected };

interface PollDeviceDependencies extends KeepGivenDependencies {
  readonly settings: SettingsReader;
  readonly findParty: PartyFinder;
  readonly noteRefusal: NoteRefusal;
}

/**
 * For how long one poll alone may ask the provider: two requests and their time limit. The code is
 * spent by whom it is answered, and asked with twice it can cost the whole grant.
 */
const askingMs = 25_000;
/** How long after its beginning a poll may still begin a second request. */
const secondRequestMs = 10_000;
/** RFC 8628 §3.5. */
const slowerBySeconds = 5;
const longestIntervalSeconds = 120;

/**
 * Asks whether the user has entered the code, as the user who began (RFC 8628 §3.4). Polls of one
 * moment, and those that come before their time, ask nobody: they cost 1 read. A poll that asks costs
 * 1 read and 2 writes and one request to the provider; the one that connects, what `keep` costs besides.
 * Once connected, it answers the same again, for an answer that got lost.
 *
 * @throws StrongroomError `state_unknown`, `state_used`, `state_expired`, `state_of_another_user`,
 *   `access_denied`, `authorization_failed`, `account_mismatch`: begin again; `unavailable`,
 *   `provider_misconfigured`, `provider_answer_invalid`: a later poll may bring more.
 */
export function createPollDevice(dependencies: PollDeviceDependencies) {
  const { store, settings, findParty, sealer, clock, newId, noteRefusal } = dependencies;

  return async (caller: Caller, { state }: { readonly state: string }): Promise<PolledDevice> => {
    const id = authorizationIdOf(state);
    const found = await store.readAuthorization(id);
    const device = found?.document.device ?? noPace;
    const isOver = found?.document.uid === caller.uid && found.document.usedAt !== null;
    if (isOver && found.document.device) return connectedBefore(caller, found, device);
    try {
      const { stored, sealed } = pendingOf(found, caller, clock.now(), begunBy);
      const early = secondsUntil(device);
      if (early > 0) return waiting('slow_down', early);

      const { document } = stored;
      const provider = deviceProvider(await settings.provider(document.provider));
      const place = placeOfSecrets(caller.uid, id, document.provider);
      const secrets = secretsOf(await sealer.open(sealed, place));
      const party = await findAuthorizingParty(findParty, provider, { extra: secrets.variables });
      // A key at hand before the code is spent: what the provider gives can then be kept.
      await sealer.prepare();
      const startedAt = clock.now();
      const asking = { ...device, pollAt: startedAt + askingMs };
      const held = await store.paceAuthorization(stored, asking);
      if (held === undefined) return waiting('slow_down', device.intervalSeconds);
      const poll = await ask(held, device, party, secrets);
      if (poll.kind === 'given')
        return await connect(held, party, poll.given, { startedAt, secrets });
      if (poll.kind === 'over') {
        const ended = { device: { ...device, pollAt: clock.now() } };
        await store.useAuthorization(held, clock.now(), newId(), ended);
        throw poll.error;
      }
      const slower = poll.kind === 'slow_down' ? slowerBySeconds : 0;
      const seconds = await release(held, device.intervalSeconds + slower);
      return waiting(poll.kind, seconds);
    } catch (error) {
      const known = error instanceof OAuthFailure ? error.toStrongroomError() : error;
      const authorization = found && { id, provider: found.document.provider };
      if (authorization !== undefined) await noteRefusal(caller, authorization, known);
      throw known;
    }
  };

  /** Until it may be asked after; somebody who is asking now will mostly be done sooner. */
  function secondsUntil({ pollAt, intervalSeconds }: DevicePace): number {
    return Math.min(Math.ceil((pollAt - clock.now()) / 1_000), intervalSeconds);
  }

  /** One request; where it fails the next is asked later (RFC 8628 §3.5). */
  async function ask(
    held: Stored<AuthorizationDocument>,
    { intervalSeconds }: DevicePace,
    party: AuthorizingParty,
    secrets: DeviceSecrets,
  ): Promise<DevicePoll> {
    const until = clock.ticks() + secondRequestMs;
    try {
      return await pollDeviceCode(party, secrets, () => clock.ticks() < until);
    } catch (error) {
      const failure = asOAuthFailure(error);
      const told = failure instanceof OAuthFailure ? (failure.retryAfterSeconds ?? 0) : 0;
      const seconds = await release(held, Math.max(intervalSeconds * 2, Math.ceil(told)));
      const { code, message, details } = asToldFailure(failure);
      throw new StrongroomError(code, message, { ...details, retryAfterSeconds: seconds });
    }
  }

  /** Lets others ask again, at that pace. Where it cannot be written, they wait for longer. */
  async function release(held: Stored<AuthorizationDocument>, seconds: number): Promise<number> {
    const intervalSeconds = Math.min(seconds, longestIntervalSeconds);
    const pollAt = clock.now() + intervalSeconds * 1_000;
    const pace = { intervalSeconds, pollAt };
    const written = await store.paceAuthorization(held, pace).catch(() => undefined);
    return written === undefined ? askingMs / 1_000 : intervalSeconds;
  }

  async function connect(
    held: Stored<AuthorizationDocument>,
    party: AuthorizingParty,
    given: GivenTokens,
    { startedAt, secrets }: { readonly startedAt: number; readonly secrets: Sealed },
  ): Promise<PolledDevice> {
    // What was given is kept, whatever becomes of this write: the code is spent all the same.
    await store.useAuthorization(held, clock.now(), newId()).catch(() => false);
    const { dpopKey, variables } = secrets;
    const asked = { obtainedAt: startedAt, dpopKey, extra: variables };
    const connection = await keepGiven(dependencies, party, held, given, asked);
    return { status: 'connected', connection };
  }

  /** The answer to the poll that connected may not have arrived. */
  async function connectedBefore(
    { uid }: Caller,
    { id }: Stored<AuthorizationDocument>,
    device: DevicePace,
  ): Promise<PolledDevice> {
    const connectionId = await store.findByAuthorization(uid, id);
    const status = connectionId && (await store.readStatus(uid, connectionId));
    if (connectionId && status) {
      return { status: 'connected', connection: connectionOf(connectionId, status) };
    }
    const early = secondsUntil(device);
    if (early > 0) return waiting('pending', early);
    throw stateUsed(begunBy);
  }
}

const begunBy = 'connections-beginDevice';
const noPace: DevicePace = { intervalSeconds: 5, pollAt: 0 };

function waiting(status: 'pending' | 'slow_down', retryAfterSeconds: number): PolledDevice {
  return { status, retryAfterSeconds };
}

const secretsSchema = v.object({
  deviceCode: v.string(),
  dpopKey: v.optional(dpopKeySchema),
  variables: v.optional(v.record(v.string(), v.string())),
});

type Sealed = DeviceSecrets & { readonly variables?: Values | undefined };

function secretsOf(value: unknown): Sealed {
  const result = v.safeParse(secretsSchema, value);
  if (!result.success) throw rejected();
  return result.output;
}
