import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { removeSandboxFile } from './sandbox-file.ts';
import { MARKER, sweep } from './sweep.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Asks the process to end; `stop` of the run sees to it that it does. */
  kill(signal: NodeJS.Signals): void;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Variables;
  /** Takes both output streams; without it the child shares this process's terminal and group. */
  readonly logFile?: string;
}

/** All processes of one sandbox. None of them outlives this process, however it ends. */
export interface Run {
  readonly marker: string;
  start(command: Command): Child;
  /** Has a file removed at the end, also where this process dies before it can do so itself. */
  removeAtEnd(file: string): void;
  /** The same for the file that describes the sandbox, which a later one may have replaced. */
  removeSandboxFileAtEnd(file: string): void;
  /** Ends every process of the run and all they have started. */
  stop(): Promise<void>;
}

/** firebase-tools takes some seconds to stop what it has started. */
const GRACE_MS = 6000;

/** @param graceMs how long a process may take to end when asked, before it is killed */
export function createRun(graceMs = GRACE_MS): Run {
  const marker = `${process.pid}-${randomUUID()}`;
  const keeper = startKeeper(marker, graceMs);
  const pids: number[] = [];
  const files: string[] = [];
  const sandboxes: string[] = [];
  return {
    marker,
    start(command) {
      const child = launch(command, marker);
      pids.push(child.pid);
      keeper.tell(`pid ${child.pid}`);
      return child;
    },
    removeAtEnd(file) {
      files.push(file);
      keeper.tell(`file ${file}`);
    },
    removeSandboxFileAtEnd(file) {
      sandboxes.push(file);
      keeper.tell(`sandbox ${file}`);
    },
    async stop() {
      for (const file of sandboxes) removeSandboxFile(file, process.pid);
      await sweep(marker, pids, graceMs);
      for (const file of files) rmSync(file, { force: true });
      keeper.dismiss();
    },
  };
}

function launch({ file, args, cwd, env, logFile }: Command, marker: string): Child {
  const output = logFile === undefined ? undefined : openSync(logFile, 'a');
  const child = spawn(file, args, {
    cwd,
    env: { ...env, [MARKER]: marker },
    // A group of its own: Ctrl-C is for the launcher, which then ends the rest in order.
    detached: output !== undefined && process.platform !== 'win32',
    stdio: output === undefined ? 'inherit' : ['ignore', output, output],
    windowsHide: true,
  });
  if (output !== undefined) closeSync(output);
  const exited = exitOf(child);
  if (child.pid === undefined) throw new Error(`${file} could not be started: is it installed?`);
  return { pid: child.pid, exited, kill: (signal) => child.kill(signal) };
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', () => resolve({ code: 127, signal: null }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

function startKeeper(marker: string, graceMs: number) {
  const file = fileURLToPath(new URL('./keeper.ts', import.meta.url));
  const { [MARKER]: _, ...env } = process.env;
  const keeper = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', file, marker, String(graceMs)],
    {
      env,
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      windowsHide: true,
    },
  );
  keeper.unref();
  const pipe = keeper.stdin;
  if (pipe instanceof Socket) pipe.unref();
  // Without a keeper the run still works; it only is less safe against SIGKILL.
  pipe.on('error', () => undefined);
  return {
    tell: (line: string) => pipe.write(`${line}\n`),
    dismiss: () => pipe.end(),
  };
}
