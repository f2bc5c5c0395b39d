import { type MemberPath, memberOf } from '../../functions/src/platform/member.ts';

/** A copy of JSON with another value at one place. What is not there is left out. */
export function withMember(data: unknown, path: MemberPath, value: unknown): unknown {
  if (memberOf(data, path) === undefined) return data;
  const copy: unknown = structuredClone(data);
  const names = typeof path === 'string' ? path.split('.') : [...path];
  const last = names.pop() ?? '';
  const holder = names.length === 0 ? copy : memberOf(copy, names);
  if (typeof holder !== 'object' || holder === null) return data;
  if (value === undefined) Reflect.deleteProperty(holder, last);
  else Reflect.set(holder, last, value);
  return copy;
}
