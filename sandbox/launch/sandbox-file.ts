import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.ts';
import type { WithSimulated } from './simulated.ts';

export const REGION = 'us-central1';

/** What a running sandbox tells other programs; written as JSON to `.sandbox.json`. */
export interface SandboxFile {
  readonly projectId: string;
  readonly region: string;
  /** The process that owns this sandbox; it is gone when this process is. */
  readonly pid: number;
  readonly urls: SandboxUrls;
  readonly ports: Readonly<Record<PortName, number>>;
  /** Providers of the catalogue that the settings have simulated, by their ids. */
  readonly simulated?: WithSimulated['providers'];
}

export interface SandboxUrls {
  /** The connect page. */
  readonly connectPage: string;
  readonly hosting: string;
  readonly functions: string;
  /** Put a callable's name, say `connections-list`, in place of `{name}`. */
  readonly callable: string;
  /** The REST API; `/connections` and the rest follow. */
  readonly api: string;
  readonly auth: string;
  /** The Firestore emulator itself. */
  readonly firestore: string;
  /** The same through the proxy that counts reads and writes; the functions use this one. */
  readonly meter: string;
  readonly tasks: string;
  readonly hub: string;
  readonly secretManager: string;
  /** The issuer of the sandbox provider. */
  readonly provider: string;
  /** Where the sandbox provider's quirks are switched and its counts are read. */
  readonly providerControl: string;
  /** The API that the sandbox provider protects. */
  readonly providerApi: string;
  /** Where schedules are fired by hand. */
  readonly clock: string;
}

export type PortName = (typeof portNames)[number];
export const portNames = [
  'hosting',
  'functions',
  'firestore',
  'firestoreWebsocket',
  'auth',
  'tasks',
  'eventarc',
  'hub',
  'logging',
  'secretManager',
  'provider',
  'clock',
  'meter',
] as const;

const defaultFile = join(root, '.sandbox.json');

/** Where the sandbox of this process and its children is described. */
export function sandboxPath(): string {
  return process.env['STRONGROOM_SANDBOX_FILE'] ?? defaultFile;
}

/** Writes the file in one piece: a reader sees all of it or none. */
export function writeSandboxFile(path: string, sandbox: SandboxFile): void {
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, `${JSON.stringify(sandbox, null, 2)}\n`);
  renameSync(part, path);
}

/** Removes the file of the sandbox that `pid` owns, unless another has written its own since. */
export function removeSandboxFile(path: string, pid: number): void {
  try {
    if (readSandboxFile(path).pid === pid) rmSync(path);
  } catch {
    // Not there, or not ours to remove.
  }
}

/**
 * Reads the description of the running sandbox.
 *
 * @throws Error if there is none
 */
export function readSandboxFile(path: string = sandboxPath()): SandboxFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new Error(`No sandbox is running: ${path} is missing. Start one with \`npm start\`.`);
  }
  const value: unknown = JSON.parse(text);
  if (!isSandboxFile(value))
    throw new Error(`${path} does not describe a sandbox. Restart it with \`npm start\`.`);
  return value;
}

function isSandboxFile(value: unknown): value is SandboxFile {
  return (
    isObject(value) &&
    typeof value['projectId'] === 'string' &&
    typeof value['region'] === 'string' &&
    typeof value['pid'] === 'number' &&
    isObject(value['urls']) &&
    isObject(value['ports'])
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
