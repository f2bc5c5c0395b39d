import type { Connected } from '../../functions/src/connections/connection.ts';
import type { Suite } from '../../functions/src/suite.ts';
import { callbackParametersOf } from '../../functions/src/triggers/callback-parameters.ts';
import { visit } from './browser.ts';
import { subjectTold } from './id-token.ts';
import type { LeapingClock } from './leaping-clock.ts';
import type { Outcome, Promises, Step } from './promises.ts';
import type { Simulator } from './simulator.ts';

const callTimeoutMs = 20_000;

/** A suite and a simulated provider, while they talk about one user's connection. */
export interface Talk {
  readonly id: string;
  readonly suite: Suite;
  readonly simulator: Simulator;
  readonly clock: LeapingClock;
  readonly promised: Promises;
  readonly uid: string;
  connection: string;
}

/** How each step is taken. @throws Error where it is not what the data promises. */
export const taking: Readonly<Record<Step, (talk: Talk) => Promise<Outcome>>> = {
  async connect(talk) {
    talk.connection = await connect(talk, talk.uid);
    return 'done';
  },
  async call(talk) {
    await expectAnswer(talk);
    return 'done';
  },
  refresh,
  async 'refresh again'(talk) {
    // What the provider ends before its time is told by its API alone.
    if (talk.promised.refresh === 'done' && !isSpentItself(talk)) {
      talk.simulator.expireAccessTokens();
      await expectOneMore(talk);
      return 'done';
    }
    return refresh(talk);
  },
  async revoke({ suite, simulator, uid, connection, promised }) {
    const { revoked } = await suite.disconnect({ uid }, connection);
    const { revocations } = simulator.counters;
    expect(revoked === revocations > 0, `revoked is ${revoked} after ${revocations} revocations`);
    const living = simulator.livingTokens();
    expect(!revoked || living === 0, `${living} tokens are still good`);
    if (revoked) return 'done';
    return promised.revoke === 'done' ? 'not offered' : promised.revoke;
  },
  async 'call after'(talk) {
    const before = talk.simulator.counters.calls;
    const code = await codeOf(() => call(talk));
    expect(code === 'connection_not_found', `the call came to ${code ?? 'an answer'}`);
    expect(talk.simulator.counters.calls === before, 'the API was called');
    if (talk.promised.refresh === 'done') await expectDeadGrantNoticed(talk);
    return 'done';
  },
};

/** A grant that its user ended at the provider is told from one that cannot be refreshed right now. */
async function expectDeadGrantNoticed(talk: Talk): Promise<void> {
  const { simulator, suite } = talk;
  const { provider, samples } = simulator.behaviour;
  // Without a sample nothing is known; who has credentials has a grant whenever he asks for one.
  const isKnown = samples.refreshError !== undefined;
  if (!isKnown || (provider.kind !== 'oidc' && provider.kind !== 'oauth2')) return;
  const uid = `${talk.uid}-2`;
  const other = { ...talk, uid, connection: await connect(talk, uid) };
  simulator.revokeGrants();
  expire(other);
  const code = await codeOf(() => call(other));
  expect(code === 'needs_reauth', `a dead grant comes to ${code ?? 'an answer'}`);
  await suite.disconnect({ uid }, other.connection);
}

async function connect(talk: Talk, uid: string): Promise<string> {
  const { id, account, scopes } = await connected(talk, uid);
  const joined = scopes.find((scope) => /[ ,]/.test(scope));
  expect(joined === undefined, `the scopes are not told apart: ${joined}`);
  const { behaviour } = talk.simulator;
  const subject = subjectTold(behaviour);
  // Where what the user said tells accounts apart, that follows it.
  const [told] = subject === undefined ? [] : (account.subject ?? '').split(/@(?=[^@]*$)/);
  const isRight = told === subject || account.subject === subject;
  expect(isRight, `the account is ${account.subject}, not ${subject}`);
  return id;
}

async function connected({ id, suite, simulator }: Talk, uid: string): Promise<Connected> {
  const { provider } = simulator.behaviour;
  if (provider.kind !== 'oidc' && provider.kind !== 'oauth2') {
    const { credentials } = simulator.behaviour;
    // What the app has itself is not asked for.
    const isAsked = 'clientId' in simulator.settings === false;
    return suite.add({ uid }, { provider: id, credentials: isAsked ? credentials : {} });
  }
  const { variables } = simulator.behaviour;
  const { authorizationUrl, state } = await suite.begin({ uid }, { provider: id, variables });
  const { authorizationFragment: fragment } = provider;
  const { hash } = new URL(authorizationUrl);
  expect(hash === (fragment === undefined ? '' : `#${fragment}`), `the address ends with ${hash}`);
  const query = await visit(authorizationUrl);
  // As the callback page does.
  const target = await suite.callbackTarget(state);
  return suite.complete({ uid }, callbackParametersOf(query, target));
}

async function refresh(talk: Talk): Promise<Outcome> {
  const { simulator, clock, promised } = talk;
  switch (promised.refresh) {
    case 'done':
      await expectRefresh(talk);
      return 'done';
    case 'consent': {
      // Of another user, so that this one's token stays good.
      const uid = `${talk.uid}-${simulator.counters.authorizations}`;
      const connection = await connect(talk, uid);
      await expectAnswer({ ...talk, uid, connection });
      const aheadMs = simulator.lastAccessTokenEndsAt() + 1_000 - clock.now();
      const late = await clock.aside(aheadMs, () =>
        codeOf(() => call({ ...talk, uid, connection })),
      );
      expect(late === 'needs_reauth', `an expired token comes to ${late ?? 'an answer'}`);
      await talk.suite.disconnect({ uid }, connection);
      return 'consent';
    }
    default: {
      // A credential that is refused must not pass for one that works.
      simulator.setRefusing(true);
      const isAnswered = await codeOf(() => expectAnswer(talk));
      simulator.setRefusing(false);
      expect(isAnswered !== undefined, 'what the API refuses passes for an answer');
      return promised.refresh;
    }
  }
}

/** Takes the last access token to its end. @returns whether its end is told beforehand. */
function expire(talk: Talk): boolean {
  const { simulator, clock } = talk;
  const endsAt = simulator.lastAccessTokenEndsAt();
  const isTold = Number.isFinite(endsAt);
  // What is spent while it is good is spent just before its end.
  if (isTold) clock.advance(endsAt - clock.now() + (isSpentItself(talk) ? -1_000 : 1_000));
  else simulator.expireAccessTokens();
  return isTold;
}

/** The API takes no token but one that is given now. */
async function expectRefresh(talk: Talk): Promise<void> {
  const { counters } = talk.simulator;
  const refusedBefore = counters.refusedCalls;
  const isTold = expire(talk);
  await expectOneMore(talk);
  const isKnown = counters.refusedCalls === refusedBefore;
  expect(isKnown || !isTold, 'the token was used after its end: the suite did not know it');
}

/** A call that is answered, for which one token is given. */
async function expectOneMore(talk: Talk): Promise<void> {
  const { counters } = talk.simulator;
  const given = () => counters.tokens + counters.refreshes;
  const before = given();
  await expectAnswer(talk);
  expect(given() === before + 1, `${given() - before} tokens were given, not one`);
}

/** Whether access tokens are spent in the place of refresh tokens. */
function isSpentItself({ simulator }: Talk): boolean {
  const { provider } = simulator.behaviour;
  return 'quirks' in provider && provider.quirks.includes('refresh-with-access-token');
}

async function call({ suite, clock, simulator, uid, connection }: Talk) {
  const [method = 'GET'] = simulator.behaviour.provider.methods;
  const path = '/simulated/ping';
  const deadlineAt = clock.ticks() + callTimeoutMs;
  return suite.call({ uid }, connection, { method, path }, deadlineAt);
}

/** A call that the API takes for its user's. */
async function expectAnswer(talk: Talk): Promise<void> {
  const { status, body } = await call(talk);
  const text = Buffer.from(body).toString('utf8');
  expect(status === 200 && text.includes('"account":'), `the API answered ${status}: ${text}`);
}

/** How work failed: by an error's code or its name; undefined: it did not. */
async function codeOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return String(code ?? error);
  }
}

export function expect(isMet: boolean, why: string): asserts isMet {
  if (!isMet) throw new Error(why);
}
