import { join } from 'node:path';
import functionsTest from 'firebase-functions-test';
import { functionEnvironment } from '../../../sandbox/launch/environment.ts';
import { root } from '../../../sandbox/launch/paths.ts';
import { authorize } from '../../../sandbox/provider/browser.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import type { Suite } from '../../src/suite.ts';

/** The functions as deployed, loaded into this process, on the sandbox's emulators. */
export interface Deployed {
  readonly functions: typeof import('../../src/index.ts');
  readonly suite: Suite;
  readonly tools: ReturnType<typeof functionsTest>;
  /** Connects an account of that name. @returns the connection's id. */
  connect(uid: string): Promise<string>;
  /** Gives this process its environment back. */
  leave(): void;
}

export async function loadDeployed(): Promise<Deployed> {
  const inherited = { ...process.env };
  Object.assign(process.env, functionEnvironment(stack));
  process.loadEnvFile(join(root, 'functions/.env.local'));
  const tools = functionsTest({ projectId: stack.projectId });
  const functions = await import('../../src/index.ts');
  const suite = (await import('../../src/triggers/suite.ts')).suite();
  return {
    functions,
    suite,
    tools,
    async connect(uid) {
      const { authorizationUrl, state } = await suite.begin({ uid }, { provider: 'sandbox' });
      const told = await authorize({ authorizationUrl, account: uid, decision: 'allow' });
      return (await suite.complete({ uid }, { state, ...Object.fromEntries(told) })).id;
    },
    leave() {
      tools.cleanup();
      for (const name of Object.keys(process.env)) {
        if (!(name in inherited)) delete process.env[name];
      }
      Object.assign(process.env, inherited);
    },
  };
}
