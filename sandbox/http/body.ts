import type { Readable } from 'node:stream';

/** The body was longer than the reader was ready to take. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

/**
 * Reads a body to its end.
 *
 * @throws BodyTooLargeError beyond `limitBytes`.
 */
export async function readBody(stream: Readable, limitBytes = 1_048_576): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > limitBytes) throw new BodyTooLargeError(`The body exceeds ${limitBytes} bytes.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/**
 * Reads a JSON object; an empty body is an empty object.
 *
 * @throws SyntaxError where the body is anything else.
 */
export async function readJsonObject(stream: Readable): Promise<Record<string, unknown>> {
  const text = (await readBody(stream)).toString('utf8');
  const value: unknown = text === '' ? {} : JSON.parse(text);
  if (!isRecord(value)) throw new SyntaxError('The body must be a JSON object.');
  return value;
}

/** Whether the value is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
