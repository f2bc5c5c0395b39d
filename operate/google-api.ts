import { setTimeout } from 'node:timers/promises';
import type { Environment } from '../functions/src/platform/environment.ts';
import { googleHeaders } from '../functions/src/platform/google-auth.ts';
import { isRecord } from '../sandbox/http/body.ts';

/** The services that operator commands speak to, by the first label of their host. */
export type Service =
  | 'cloudfunctions'
  | 'cloudresourcemanager'
  | 'firestore'
  | 'iam'
  | 'secretmanager'
  | 'serviceusage';

export type Json = Readonly<Record<string, unknown>>;

/** One request to an Admin API over REST; the answer's JSON object. @throws GoogleApiError */
export type GoogleApi = (
  service: Service,
  method: 'GET' | 'POST' | 'PATCH',
  /** Below the version, with its query. */
  path: string,
  body?: Json,
) => Promise<Json>;

/** A refusal in Google's words, which never hold what was sent. */
export class GoogleApiError extends Error {
  override readonly name = 'GoogleApiError';
  /** The name of a `google.rpc.Code`: `NOT_FOUND`; `UNAVAILABLE` where no answer came. */
  readonly code: string;
  /** `google.rpc.ErrorInfo`: `SERVICE_DISABLED`. */
  readonly reason: string | undefined;

  constructor(code: string, message: string, reason?: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

export interface Endpoints {
  /** `https://iam.googleapis.com`; undefined where there is no such service. */
  origin(service: Service): string | undefined;
  headers(): Promise<Readonly<Record<string, string>>>;
  /** The project that quota is counted for. */
  readonly quotaProject?: string;
  readonly retryPauseMs?: number;
}

/** Of the API, where it is not `v1`. */
const versions: Partial<Record<Service, string>> = { cloudfunctions: 'v2' };

const timeoutMs = 30_000;
const tries = 3;
const passing = new Set(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'INTERNAL', 'DEADLINE_EXCEEDED']);

/** The APIs of a real project, by application default credentials; of the sandbox, its stand-in. */
export function googleApiOf({ mode, projectId, secretManagerHost }: Environment): GoogleApi {
  if (mode === 'production') {
    return createGoogleApi({
      origin: (service) => `https://${service}.googleapis.com`,
      headers: signedIn,
      quotaProject: projectId,
    });
  }
  return createGoogleApi({
    origin: (service) => (service === 'secretmanager' ? `http://${secretManagerHost}` : undefined),
    headers: async () => ({}),
  });
}

/** Google APIs over REST, as whoever is signed in. See `GoogleApi`. */
export function createGoogleApi(endpoints: Endpoints): GoogleApi {
  const { quotaProject, retryPauseMs = 1_000 } = endpoints;

  return async (service, method, path, body) => {
    const origin = endpoints.origin(service);
    if (origin === undefined) {
      throw new GoogleApiError('UNIMPLEMENTED', `The sandbox has no ${service}.googleapis.com.`);
    }
    const headers = {
      ...(await endpoints.headers()),
      ...(quotaProject !== undefined && { 'x-goog-user-project': quotaProject }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const isSecret = path.endsWith(':addVersion');
    for (let attempt = 1; ; attempt += 1) {
      try {
        const init = { method, headers, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) };
        const text = body === undefined ? {} : { body: JSON.stringify(body) };
        return await answerOf(
          await reach(`${origin}/${versions[service] ?? 'v1'}/${path}`, { ...init, ...text }),
          isSecret,
        );
      } catch (error) {
        // What adds something may have done so: it is for the next run to see.
        const mayRepeat = method !== 'POST' || /:(get|set)IamPolicy$/.test(path);
        const passes = error instanceof GoogleApiError && passing.has(error.code);
        if (!mayRepeat || !passes || attempt === tries) throw error;
        await setTimeout(retryPauseMs * 2 ** (attempt - 1));
      }
    }
  };
}

async function signedIn(): Promise<Record<string, string>> {
  try {
    return await googleHeaders();
  } catch {
    throw new GoogleApiError(
      'UNAUTHENTICATED',
      'Nobody is signed in. Run gcloud auth application-default login, or let ' +
        'GOOGLE_APPLICATION_CREDENTIALS name the key file of an account that may administer the project.',
    );
  }
}

async function reach(url: string, init: object): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch {
    throw new GoogleApiError('UNAVAILABLE', `${new URL(url).host} could not be reached.`);
  }
}

async function answerOf(response: Response, isSecret: boolean): Promise<Json> {
  const text = await response.text();
  const answer = jsonOf(text);
  if (response.ok && isRecord(answer)) return answer;
  const error = isRecord(answer) && isRecord(answer['error']) ? answer['error'] : {};
  const code = typeof error['status'] === 'string' ? error['status'] : codeOf(response.status);
  const said = typeof error['message'] === 'string' ? error['message'] : '';
  const host = new URL(response.url).host;
  throw new GoogleApiError(
    code,
    `${host} answered ${response.status} ${code}${isSecret || said === '' ? '.' : `: ${said}`}`,
    reasonOf(error['details']),
  );
}

function codeOf(status: number): string {
  if (status === 429) return 'RESOURCE_EXHAUSTED';
  return status >= 500 ? 'UNAVAILABLE' : 'UNKNOWN';
}

function reasonOf(details: unknown): string | undefined {
  if (!Array.isArray(details)) return undefined;
  const info: unknown = details.find((detail) => isRecord(detail) && 'reason' in detail);
  return isRecord(info) && typeof info['reason'] === 'string' ? info['reason'] : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The objects in a list member of an answer; an empty list is left out by the APIs. */
export function listOf(answer: Json, member: string): Json[] {
  const list = answer[member];
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

export function textOf(answer: Json, member: string): string {
  const value = answer[member];
  return typeof value === 'string' ? value : '';
}

/** Whether a refusal says that there is no such thing, or that its whole API is not enabled. */
function isAbsent(error: unknown): boolean {
  return (
    error instanceof GoogleApiError &&
    (error.code === 'NOT_FOUND' || error.reason === 'SERVICE_DISABLED')
  );
}

/** What is there, or `undefined`. */
export async function ifThere<T>(asking: Promise<T>): Promise<T | undefined> {
  try {
    return await asking;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
