/** Where something is in a body: names joined by dots, or one by one where a name has a dot. */
export type MemberPath = string | readonly string[];

/** What is there; `undefined`: nothing. Only what a body itself has is looked at. */
export function memberOf(data: unknown, path: MemberPath): unknown {
  let value = data;
  for (const name of typeof path === 'string' ? path.split('.') : path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) {
      return undefined;
    }
    value = Reflect.get(value, name);
  }
  return value;
}

/** Whether this is an object of JSON. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
