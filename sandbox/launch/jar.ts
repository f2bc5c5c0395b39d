import { crc32 } from 'node:zlib';

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_RECORD = 0x06054b50;
const VERSION = 10;
/** 1980-01-01, the first day a zip can name. */
const DATE = 0x21;
const MANIFEST = 'META-INF/MANIFEST.MF';
const LINE_BYTES = 72;

/**
 * A jar that holds nothing but a manifest: `java -jar` on it starts `mainClass` from `classPath`.
 *
 * @param classPath an absolute `file:` URL
 */
export function launcherJar(mainClass: string, classPath: string): Buffer {
  const lines = ['Manifest-Version: 1.0', `Main-Class: ${mainClass}`, `Class-Path: ${classPath}`];
  return storedZip(MANIFEST, Buffer.from(`${lines.map(foldLine).join('\r\n')}\r\n\r\n`));
}

/** A manifest line has at most 72 bytes; what follows goes on after a line break and a space. */
function foldLine(line: string): string {
  const parts = [line.slice(0, LINE_BYTES)];
  for (let at = LINE_BYTES; at < line.length; at += LINE_BYTES - 1)
    parts.push(line.slice(at, at + LINE_BYTES - 1));
  return parts.join('\r\n ');
}

/** A zip of one uncompressed file (APPNOTE 4.3). */
function storedZip(name: string, content: Buffer): Buffer {
  const common = fields(
    [2, VERSION],
    [2, 0], // flags
    [2, 0], // stored
    [2, 0], // time
    [2, DATE],
    [4, crc32(content)],
    [4, content.length],
    [4, content.length],
    [2, name.length],
    [2, 0], // extra field
  );
  const local = Buffer.concat([fields([4, LOCAL_HEADER]), common, Buffer.from(name), content]);
  const central = Buffer.concat([
    fields([4, CENTRAL_HEADER], [2, VERSION]),
    common,
    // comment, disk, internal and external attributes, offset of the local header
    fields([2, 0], [2, 0], [2, 0], [4, 0], [4, 0]),
    Buffer.from(name),
  ]);
  const end = fields(
    [4, END_RECORD],
    [2, 0],
    [2, 0],
    [2, 1],
    [2, 1],
    [4, central.length],
    [4, local.length],
    [2, 0],
  );
  return Buffer.concat([local, central, end]);
}

function fields(...values: readonly (readonly [bytes: 2 | 4, value: number])[]): Buffer {
  return Buffer.concat(
    values.map(([bytes, value]) => {
      const field = Buffer.alloc(bytes);
      field.writeUIntLE(value, 0, bytes);
      return field;
    }),
  );
}
