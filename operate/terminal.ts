import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { StringDecoder } from 'node:string_decoder';
import { UsageError } from './environment.ts';

/** Where a command reads from and writes to. */
export interface Terminal {
  readonly input: Readable & {
    readonly isTTY?: boolean;
    setRawMode?(isRaw: boolean): unknown;
  };
  /** A line of the result: stdout. */
  readonly say: (line: string) => void;
  /** What goes on meanwhile, as it is: stderr. */
  readonly note: (text: string) => void;
}

export const processTerminal: Terminal = {
  input: process.stdin,
  say: (line) => void process.stdout.write(`${line}\n`),
  note: (text) => void process.stderr.write(text),
};

/** The person pressed Ctrl-C where a secret was asked for: exit code 130. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

const longestSecret = 2_048;

/**
 * A secret: asked for without an echo, or all of stdin where that is no terminal.
 *
 * @throws UsageError where it is empty, has several lines or is too long; Interrupted.
 */
export async function readSecret({ input, note }: Terminal, question: string): Promise<string> {
  const given = input.isTTY ? await askHidden(input, note, question) : await text(input);
  const secret = given.replace(/\r?\n$/, '');
  if (secret === '') throw new UsageError('The client secret is empty. Nothing was changed.');
  if (secret.length > longestSecret || /[\p{Cc}\s]/u.test(secret)) {
    throw new UsageError(
      `A client secret is one word of at most ${longestSecret} characters. Nothing was changed.`,
    );
  }
  return secret;
}

function askHidden(
  input: Terminal['input'],
  note: Terminal['note'],
  question: string,
): Promise<string> {
  note(`${question} (is not shown): `);
  input.setRawMode?.(true);
  return new Promise<string>((resolve, reject) => {
    const decoder = new StringDecoder('utf8');
    let typed: string[] = [];
    const end = (settle: () => void) => {
      input.off('data', onData).off('end', onEnd);
      input.pause();
      input.setRawMode?.(false);
      note('\n');
      settle();
    };
    const onEnd = () => end(() => resolve(typed.join('')));
    const onData = (chunk: Buffer | string) => {
      for (const key of typeof chunk === 'string' ? chunk : decoder.write(chunk)) {
        if (key === '\u0003') return end(() => reject(new Interrupted('Nothing was changed.')));
        if (key === '\r' || key === '\n' || key === '\u0004') return onEnd();
        if (key === '\u007f' || key === '\b') typed.pop();
        else if (key === '\u0015') typed = [];
        else typed.push(key);
      }
    };
    input.on('data', onData).on('end', onEnd).resume();
  });
}

/** Whether the person says yes. @throws UsageError where there is nobody to ask. */
export async function confirm({ input, note }: Terminal, question: string): Promise<boolean> {
  if (!input.isTTY) {
    throw new UsageError(`${question} There is nobody to ask: say --yes. Nothing was changed.`);
  }
  note(`${question} [y/N] `);
  const answer = await new Promise<string>((resolve) => {
    const onData = (chunk: Buffer | string) => done(chunk.toString());
    const onEnd = () => done('');
    const done = (line: string) => {
      input.off('data', onData).off('end', onEnd);
      input.pause();
      resolve(line);
    };
    input.on('data', onData).on('end', onEnd).resume();
  });
  return /^\s*y(es)?\s*$/i.test(answer);
}
