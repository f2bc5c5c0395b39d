import type { IncomingMessage, ServerResponse } from 'node:http';

/** An HTTP function as firebase-functions makes it. */
export type HttpFunction = (request: IncomingMessage, response: ServerResponse) => unknown;

const HTTP_TRIGGERS = [
  'httpsTrigger',
  'callableTrigger',
  'scheduleTrigger',
  'taskQueueTrigger',
  'blockingTrigger',
];

/**
 * The functions of a deployed module that are served over HTTP, by deployed name: a group adds its
 * name and a dash. Event functions are left out.
 */
export function deployedFunctions(module: object): ReadonlyMap<string, HttpFunction> {
  const found = new Map<string, HttpFunction>();
  for (const [name, value] of Object.entries(module)) {
    if (isHttpFunction(value)) found.set(name, value);
    else if (typeof value === 'object' && value !== null)
      for (const [inner, one] of deployedFunctions(value)) found.set(`${name}-${inner}`, one);
  }
  return found;
}

function isHttpFunction(value: unknown): value is HttpFunction {
  if (typeof value !== 'function' || !('__endpoint' in value)) return false;
  const endpoint = value.__endpoint;
  return (
    typeof endpoint === 'object' &&
    endpoint !== null &&
    HTTP_TRIGGERS.some((trigger) => trigger in endpoint)
  );
}
