import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { functionEnvironment, withoutAccounts } from '../launch/environment.ts';
import type { Variables } from '../launch/processes.ts';
import type { SandboxFile } from '../launch/sandbox-file.ts';

export interface ServeOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** Added to the environment; `undefined` takes a variable away. */
  readonly env?: Variables;
  /** For Node itself, say `['--import', file]`. */
  readonly nodeArgs?: readonly string[];
  /** The folder of the codebase that is served. Default: `functions`. */
  readonly codebase?: string;
  /** Lets the process write to this one's terminal. */
  readonly inherit?: boolean;
}

/** A process that serves the functions outside the functions emulator. */
export interface Served {
  /** Callables stand at `<url>/<name>`, the REST API at `<url>/v1`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** What it has written so far, both streams. */
  output(): string;
  /** The exit code once it has ended, by itself or not; null if a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Ends it, at once where the signal is SIGKILL. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;

/**
 * Serves the built functions in a process of its own against a running sandbox. It ends with this
 * process at the latest.
 *
 * @throws Error with its output if it does not come up
 */
export async function spawnServe(
  sandbox: SandboxFile,
  options: ServeOptions = {},
): Promise<Served> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      ...(options.nodeArgs ?? []),
      fileURLToPath(new URL('./server.ts', import.meta.url)),
      options.codebase ?? 'functions',
    ],
    {
      env: {
        ...withoutAccounts(process.env),
        ...functionEnvironment(sandbox),
        PORT: String(options.port ?? 0),
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  let output = '';
  for (const [stream, own] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      if (options.inherit === true) own.write(chunk);
      else output += chunk;
    });
  }
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(127));
  });
  const listening = new Promise<number>((resolve) => {
    child.once('message', (message) => {
      if (typeof message === 'object' && 'port' in message) resolve(Number(message.port));
    });
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
  const port = await Promise.race([listening, exited.then(() => undefined)]);
  clearTimeout(timer);
  if (port === undefined || child.pid === undefined)
    throw new Error(`The functions could not be served (exit code ${await exited}).\n${output}`);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid,
    output: () => output,
    exited,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await exited;
    },
  };
}
