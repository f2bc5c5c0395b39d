import { isRecord } from '../http/body.ts';

/** Fields that hold an address. Scopes and audiences look alike and are names. */
const addressField = /^(?:issuer|jwksUri|apiBaseUrl|endpoint|\w+Endpoint)$/;

/** `https://HOST/…` as `${origin}/HOST/…`; `{name}` in a host becomes part of a path. */
export function movedTo(origin: string, address: string): string {
  return address.replace(/^https:\/\//, `${origin}/`);
}

/** Settings of a provider with all its addresses moved to the simulator. */
export function withMovedAddresses(origin: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withMovedAddresses(origin, item));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      typeof item === 'string' && addressField.test(name)
        ? movedTo(origin, item)
        : withMovedAddresses(origin, item),
    ]),
  );
}
