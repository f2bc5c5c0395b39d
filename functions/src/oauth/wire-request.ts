import type { WireRequest } from '../providers/quirks/quirk.ts';
import { nameOf } from './renamed.ts';

/** A request as `fetch` takes it, by the name of each header in lower case. */
export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** A form's first values by their names, and those that follow one of the same name (RFC 8693 §2.1). */
interface Parameters {
  readonly first: Record<string, string>;
  readonly further: readonly (readonly [name: string, value: string])[];
}

export function parametersIn(form: URLSearchParams): Parameters {
  const first = new Map<string, string>();
  const further: [string, string][] = [];
  for (const [name, value] of form) {
    if (first.has(name)) further.push([name, value]);
    else first.set(name, value);
  }
  return { first: Object.fromEntries(first), further };
}

type Entries = [name: string, value: string][];

/** The contents by each format: none is sent where there are no parameters. */
const contents = {
  form: (entries: Entries) => ({
    type: 'application/x-www-form-urlencoded;charset=UTF-8',
    body: new URLSearchParams(entries).toString(),
  }),
  json: (entries: Entries) => ({
    type: 'application/json',
    body: JSON.stringify(Object.fromEntries(entries)),
  }),
} as const;

/**
 * A token request as it goes onto the wire.
 *
 * @param names what the provider calls the protocol's parameters.
 */
export function fetchArguments(
  { url, method, headers, parameters, format }: WireRequest,
  further: Parameters['further'],
  names: Readonly<Record<string, string>>,
): [url: string, init: FetchInit] {
  const entries = [...Object.entries(parameters), ...further].map(
    ([name, value]): Entries[number] => [nameOf(names, name), value],
  );
  const { 'content-type': _type, ...others } = headers;
  if (format === 'query') {
    const filled = new URL(url);
    for (const [name, value] of entries) filled.searchParams.append(name, value);
    return [filled.href, { method, headers: others }];
  }
  if (entries.length === 0) return [url.href, { method, headers: others }];
  const { type, body } = contents[format](entries);
  return [url.href, { method, headers: { ...others, 'content-type': type }, body }];
}
