import { type Person, signIn } from '../../../sandbox/demo/people.ts';
import { authorize } from '../../../sandbox/provider/browser.ts';
import type { Counters } from '../../../sandbox/provider/counters.ts';
import type { Fault } from '../../../sandbox/provider/faults.ts';
import type { Settings } from '../../../sandbox/provider/settings.ts';
import { stack } from '../../../sandbox/test/stack.ts';

/** The sandbox provider of the running sandbox, by its control. */
export const sandboxProvider = {
  counters: async (): Promise<Counters> => Object(await (await control('GET', 'counters')).json()),
  resetCounters: () => control('POST', 'counters/reset'),
  updateSettings: (patch: Partial<Settings>) => control('PATCH', 'settings', patch),
  expireAccessTokens: () => control('POST', 'access-tokens/expire'),
  addFault: (fault: Fault) => control('POST', 'faults', fault),
};

async function control(method: string, path: string, body?: object): Promise<Response> {
  const answer = await fetch(`${stack.urls.provider}/sandbox/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`The provider's control answered ${answer.status}.`);
  return answer;
}

/** A user of the app who signs in with the real SDK. */
export interface User extends Person {
  /** Connects an account at the sandbox provider, named like him by default. @returns the connection's id. */
  connect(account?: string): Promise<string>;
  /** Ends all his connections and his session. */
  leave(): Promise<void>;
}

export async function enter(name: 'ada' | 'grace'): Promise<User> {
  const person = await signIn(stack, name);
  const { connections } = person.vault;
  return {
    ...person,
    async connect(account = name) {
      const { authorizationUrl, state } = await connections.begin({ provider: 'sandbox' });
      const told = await authorize({ authorizationUrl, account, decision: 'allow' });
      const { code = '', iss = '' } = Object.fromEntries(told);
      return (await connections.complete({ state, code, iss })).id;
    },
    async leave() {
      for (const { id } of await connections.list())
        await connections.disconnect({ connectionId: id });
      await person.leave();
    },
  };
}
