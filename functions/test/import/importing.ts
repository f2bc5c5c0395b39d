import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withoutAccounts } from '../../../sandbox/launch/environment.ts';
import { root } from '../../../sandbox/launch/paths.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import type { World } from '../harness/world.ts';

export interface Output {
  /** The exit code, or the signal that ended it. */
  readonly end: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** `npm run import` on a world's project, through its meter. */
export function importing(world: World, folder: string) {
  /** @param begun is given the process, which may be killed. */
  return async (args: readonly string[], { input = '', begun = (_: ChildProcess) => {} } = {}) => {
    const sandboxFile = join(folder, 'sandbox.json');
    await writeFile(sandboxFile, JSON.stringify({ ...stack, projectId: world.projectId }));
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(root, 'operate/import.ts'), ...args],
      {
        cwd: root,
        env: {
          ...withoutAccounts(process.env),
          STRONGROOM_SANDBOX_FILE: sandboxFile,
          GCLOUD_PROJECT: world.projectId,
          FIRESTORE_EMULATOR_HOST: `127.0.0.1:${world.meter.port}`,
          FIREBASE_AUTH_EMULATOR_HOST: `127.0.0.1:${stack.ports.auth}`,
          STRONGROOM_SECRET_MANAGER_EMULATOR_HOST: `127.0.0.1:${world.secretManager.port}`,
          TMPDIR: folder,
        },
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    begun(child);
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        output[name] += chunk;
      });
    }
    // Whoever reads a file reads no input.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [code, signal] = await once(child, 'close');
    const done: Output = { end: code ?? signal, ...output };
    return done;
  };
}

/** Makes users of the app, by their uids. */
export async function makeUsers(projectId: string, uids: readonly string[]): Promise<void> {
  const accounts = `identitytoolkit.googleapis.com/v1/projects/${projectId}/accounts`;
  const answer = await fetch(`http://127.0.0.1:${stack.ports.auth}/${accounts}:batchCreate`, {
    method: 'POST',
    headers: { authorization: 'Bearer owner', 'content-type': 'application/json' },
    body: JSON.stringify({ users: uids.map((localId) => ({ localId })) }),
  });
  if (!answer.ok) throw new Error(`The Auth emulator answered ${answer.status}.`);
}
