import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Sourced } from '../../functions/src/import/importable.ts';
import { jsonLinesOf } from '../../functions/src/import/lines.ts';
import { fromNango, type NangoMapping } from '../../functions/src/import/mapping.ts';
import { CommandError } from '../command.ts';

/** The bytes of a file, or of what is piped in. @throws CommandError */
export async function* bytesOf(
  file: string,
  input: NodeJS.ReadableStream,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  // npm runs commands in the project's folder, wherever it was called.
  const path = resolve(process.env['INIT_CWD'] ?? '', file);
  const stream = file === '-' ? input : createReadStream(path);
  const stop = () => {
    if ('destroy' in stream && typeof stream.destroy === 'function') stream.destroy();
  };
  signal.addEventListener('abort', stop);
  try {
    for await (const chunk of stream) {
      yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    }
  } catch (error) {
    if (signal.aborted) return;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    throw new CommandError(`The file cannot be read (${code ?? 'unknown'}). Nothing was imported.`);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Connections of Nango, one per line. */
export async function* nangoOf(
  chunks: AsyncIterable<Uint8Array>,
  mapping: NangoMapping,
): AsyncGenerator<Sourced> {
  for await (const sourced of jsonLinesOf(chunks)) yield fromNango(sourced, mapping);
}
