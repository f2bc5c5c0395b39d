import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from '../../../sandbox/launch/paths.ts';

/** How an operator's command ended, and what it said. */
export interface CommandOutput {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a file of `operate/` as its npm script does. */
export async function runCommand(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdin = '',
): Promise<CommandOutput> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'operate', file), ...args],
    { cwd: root, env, stdio: 'pipe' },
  );
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk;
    });
  }
  // Who has refused the command does not read.
  child.stdin.on('error', () => {}).end(stdin);
  const [code] = await once(child, 'close');
  return { code, ...output };
}
