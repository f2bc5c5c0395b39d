import { readFileSync } from 'node:fs';

const TELLING = /^\s*(⚠|✖|Error:|!)|\b(error|failed|could not|unable to|refuses|exception)\b/i;
const NOISE =
  /Application Default Credentials|Env variable override|not a stack|MOTD|authenticated/i;
const MAX_LINES = 12;

/** What in the emulators' log says why they did not do as they should, and where the rest is. */
export function tellingLines(logFile: string): string {
  let lines: string[];
  try {
    lines = readFileSync(logFile, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
  } catch {
    return `There is no log at ${logFile}.`;
  }
  const telling = lines.filter((line) => TELLING.test(line) && !NOISE.test(line));
  const shown = (telling.length > 0 ? telling : lines).slice(-MAX_LINES);
  return `The log says:\n${shown.map((line) => `  ${line.trim()}`).join('\n')}\n(all of it: ${logFile})`;
}
