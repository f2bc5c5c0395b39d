import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { StrongroomError } from '../functions/src/errors.ts';
import { UsageError } from './environment.ts';
import { GoogleApiError } from './google-api.ts';
import { Interrupted, processTerminal, type Terminal } from './terminal.ts';

/** What was asked for could not be done: exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Carries out a command: its exit code. */
export type Command = (args: string[], terminal: Terminal) => Promise<number>;

const exitCodes: readonly (readonly [kind: new (...given: never[]) => Error, code: number])[] = [
  [UsageError, 2],
  [CommandError, 1],
  [GoogleApiError, 1],
  [StrongroomError, 1],
  [Interrupted, 130],
];

/** Carries out a command; what goes wrong in a known way is one message and an exit code. */
export async function run(command: Command, args: string[], terminal: Terminal): Promise<number> {
  try {
    return await command(args, terminal);
  } catch (error) {
    const known = exitCodes.find(([kind]) => error instanceof kind);
    if (known === undefined || !(error instanceof Error)) throw error;
    terminal.note(`${error.message}\n`);
    return known[1];
  }
}

/** Runs a command as this process. */
export async function main(command: Command): Promise<void> {
  process.exitCode = await run(command, process.argv.slice(2), processTerminal);
}

const secretOption = /secret|passw|(^|-)key$|token$/i;

/** As `parseArgs`; its errors repeat no value, which may be a secret. @throws UsageError */
export function parseArguments<T extends ParseArgsOptionsConfig>(
  args: string[],
  options: T,
  usage: string,
) {
  const named = args.map((arg) => /^--([^=]*)/.exec(arg)?.[1]).filter((name) => name !== undefined);
  if (named.some((name) => secretOption.test(name) && !Object.hasOwn(options, name))) {
    throw new UsageError(
      'A secret is never an argument, where others can read it: it is asked for, or read from stdin. ' +
        'If it was a real one, replace it.',
    );
  }
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch {
    const unknown = named.find((name) => !Object.hasOwn(options, name));
    throw new UsageError(unknown === undefined ? usage : `Unknown option.\n${usage}`);
  }
}
