/**
 * An instance of its own: a process with a suite, told what to do by its parent. Its clock is the
 * real one.
 */
import { createSuite } from '../../src/suite.ts';

const callTimeoutMs = 55_000;
const { projectId, secretManagerHost } = JSON.parse(process.argv[2] ?? '{}');
const suite = createSuite(
  { mode: 'sandbox', projectId: String(projectId), secretManagerHost: String(secretManagerHost) },
  {
    databaseId: '(default)',
    keyringSecretId: 'strongroom-keyring',
    providersSecretId: 'strongroom-providers',
  },
);

/** Calls `/me` that many times at once. */
async function call(uid: string, connectionId: string, times: number): Promise<string[]> {
  const deadlineAt = performance.now() + callTimeoutMs;
  const request = { method: 'GET', path: '/me' };
  const calls = Array.from({ length: times }, () =>
    suite.call({ uid }, connectionId, request, deadlineAt),
  );
  const outcomes = await Promise.allSettled(calls);
  return outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? String(outcome.value.status) : String(outcome.reason),
  );
}

process.on('message', (message: { uid: string; connectionId: string; times: number }) => {
  void call(message.uid, message.connectionId, message.times).then((outcomes) =>
    process.send?.({ outcomes }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });
