import { PassThrough, Readable } from 'node:stream';
import type { Terminal } from '../../../operate/terminal.ts';

/** What a command wrote. */
export interface Screen {
  stdout: string;
  stderr: string;
  /** Whether what is typed is echoed by the terminal, at each change. */
  readonly rawModes: boolean[];
}

export type Script = readonly (readonly [prompt: RegExp, keys: string | (() => string)])[];

/** A terminal where somebody types these keys whenever a prompt fits; another after another. */
export function typing(script: Script): { terminal: Terminal; screen: Screen } {
  const screen: Screen = { stdout: '', stderr: '', rawModes: [] };
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (isRaw: boolean) => screen.rawModes.push(isRaw),
  });
  const left = [...script];
  const note = (text: string) => {
    screen.stderr += text;
    const next = left[0];
    if (next === undefined || !next[0].test(text)) return;
    left.shift();
    const [, keys] = next;
    // After the command has begun to listen.
    setImmediate(() => input.write(typeof keys === 'string' ? keys : keys()));
  };
  return { terminal: { input, note, say: say(screen) }, screen };
}

/** No terminal: stdin is that text. */
export function piped(text = ''): { terminal: Terminal; screen: Screen } {
  const screen: Screen = { stdout: '', stderr: '', rawModes: [] };
  const note = (noted: string) => {
    screen.stderr += noted;
  };
  return { terminal: { input: Readable.from([text]), note, say: say(screen) }, screen };
}

const say = (screen: Screen) => (line: string) => {
  screen.stdout += `${line}\n`;
};
