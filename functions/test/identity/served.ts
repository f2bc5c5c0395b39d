import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Variables } from '../../../sandbox/launch/processes.ts';
import { spawnServe } from '../../../sandbox/serve/spawn.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import { codeOf, type Google, startGoogle } from './google.ts';

/** What came back. */
export interface Answer {
  readonly status: number;
  /** The stable code of a refusal. */
  readonly code: unknown;
  readonly headers: Headers;
  readonly body: unknown;
}

type RequestHeaders = Readonly<Record<string, string>>;

/** A way to ask for something as some user. */
export type Ask = (headers: RequestHeaders) => Promise<Answer>;

/** The functions as in the cloud: outside the functions emulator, with real verification. */
export interface Outside {
  readonly google: Google;
  readonly url: string;
  callable(name: string, data: unknown): Ask;
  rest(method: string, path: string, body?: unknown): Ask;
  /** How many authorizations that user has begun. */
  begun(uid: string): Promise<number>;
  /** All that the functions have logged. */
  output(): string;
  stop(): Promise<void>;
}

/**
 * Starts them in a process of their own, against Firestore and the stand-ins of the sandbox unless
 * the variables name others.
 *
 * @param codebase its folder. Default: the suite's own.
 */
export async function startOutside(variables: Variables = {}, codebase?: string): Promise<Outside> {
  const google = await startGoogle();
  // Whoever runs the tests may have credentials in his home; they are not to be found.
  const home = await mkdtemp(join(tmpdir(), 'home-'));
  const standIn = `127.0.0.1:${google.port}`;
  const served = await spawnServe(stack, {
    ...(codebase !== undefined && { codebase }),
    nodeArgs: ['--import', fileURLToPath(new URL('./to-stand-in.ts', import.meta.url))],
    env: {
      FIREBASE_AUTH_EMULATOR_HOST: undefined,
      STRONGROOM_TEST_GOOGLE: standIn,
      GCE_METADATA_HOST: standIn,
      METADATA_SERVER_DETECTION: 'assume-present',
      HOME: home,
      APPDATA: home,
      ...variables,
    },
  });
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(`${served.url}${path}`, init);
    const text = await response.text();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    return { status: response.status, code: codeOf(body), headers: response.headers, body };
  };
  const withBody = (value: unknown, headers: RequestHeaders) =>
    value === undefined
      ? { headers }
      : {
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(value),
        };

  return {
    google,
    url: served.url,
    callable: (name, data) => (headers) =>
      ask(`/${name}`, { method: 'POST', ...withBody({ data }, headers) }),
    rest: (method, path, body) => (headers) => ask(path, { method, ...withBody(body, headers) }),
    begun: countAuthorizations,
    output: served.output,
    async stop() {
      await served.stop();
      await google.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function countAuthorizations(uid: string): Promise<number> {
  const structuredQuery = {
    from: [{ collectionId: 'strongroomAuthorizations' }],
    where: {
      fieldFilter: { field: { fieldPath: 'uid' }, op: 'EQUAL', value: { stringValue: uid } },
    },
  };
  const documents = `/v1/projects/${stack.projectId}/databases/(default)/documents`;
  const response = await fetch(`${stack.urls.firestore}${documents}:runQuery`, {
    method: 'POST',
    headers: { authorization: 'Bearer owner', 'content-type': 'application/json' },
    body: JSON.stringify({ structuredQuery }),
  });
  const rows: unknown = await response.json();
  if (!response.ok || !Array.isArray(rows)) throw new Error('Firestore did not answer the query.');
  return rows.filter((row) => 'document' in row).length;
}
