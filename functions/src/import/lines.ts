import type { Sourced } from './importable.ts';

/** A token set of three times 16 KB fits. */
const lineMaxBytes = 64 * 1024;
const newline = 0x0a;

/**
 * Splits bytes into lines, holding one at a time. Empty ones are counted and left out.
 *
 * @param maxBytes a longer line comes as undefined, and is not held.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number = lineMaxBytes,
): AsyncGenerator<{ number: number; bytes: Uint8Array | undefined }> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let number = 1;
  const take = (part: Uint8Array) => {
    length += part.length;
    if (length <= maxBytes) parts.push(part);
    else parts = [];
  };
  const end = () => {
    const found = { number, bytes: length > maxBytes ? undefined : Buffer.concat(parts) };
    const isEmpty = length === 0;
    [parts, length] = [[], 0];
    number += 1;
    return isEmpty ? undefined : found;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, start)) {
      take(chunk.subarray(start, at));
      const line = end();
      if (line !== undefined) yield line;
      start = at + 1;
    }
    take(chunk.subarray(start));
  }
  const last = end();
  if (last !== undefined) yield last;
}

/** JSON lines, each a value or why it is none. What the parser says of a line could show of it. */
export async function* jsonLinesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Sourced> {
  for await (const { number, bytes } of linesOf(chunks)) {
    const where = `line ${number}`;
    const field = '(line)';
    if (bytes === undefined) {
      yield { where, field, reason: `must have ${lineMaxBytes / 1024} KB at most` };
      continue;
    }
    const text = utf8Of(bytes);
    if (text === undefined) yield { where, field, reason: 'is not UTF-8' };
    else if (text.trim() !== '') yield jsonOf(where, text);
  }
}

function jsonOf(where: string, text: string): Sourced {
  try {
    return { where, value: JSON.parse(text) };
  } catch {
    return { where, field: '(line)', reason: 'is not JSON' };
  }
}

function utf8Of(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
