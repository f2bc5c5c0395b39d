import { readdirSync, readFileSync } from 'node:fs';
import { isRecord } from '../../../sandbox/http/body.ts';
import { CommandError } from '../../command.ts';

/** Where facts come from: a package, or pages. */
export interface Source {
  /** `arctic 3.7.0 (MIT)` */
  readonly name: string;
  readonly url: string;
  /** `2026-11-22` */
  readonly readAt: string;
}

/** What is known of one provider: fields of its settings, and what leads to them. */
export interface Facts {
  readonly id: string;
  readonly name: string;
  readonly source: Source;
  /** What users are asked for: the first label of a host below a fixed domain, by this name. */
  readonly subdomain?: string;
  /** Where the API tells whose a token is, and which member is which claim. */
  readonly profileUrl?: string;
  readonly profileMap?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** What of it is from nowhere but memory. */
  readonly unsourced: readonly string[];
  readonly provider: Readonly<Record<string, unknown>>;
}

const folder = new URL('facts/', import.meta.url);

/** What was taken from packages that are not installed here, a file for each. */
export function readFacts(): Facts[] {
  return readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const document: unknown = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
      if (!isRecord(document) || !isRecord(document['providers'])) throw broken(file);
      const shared = document['source'];
      return Object.entries(document['providers']).map(([id, value]) => {
        if (!isRecord(value)) throw broken(`${file}: ${id}`);
        const { source = shared, ...rest } = value;
        return factsOf(id, rest, sourceOf(source, `${file}: ${id}`));
      });
    });
}

function factsOf(id: string, value: Readonly<Record<string, unknown>>, source: Source): Facts {
  const { name, subdomain, profileUrl, profileMap, variables, unsourced, ...provider } = value;
  if (typeof name !== 'string') throw broken(id);
  return {
    id,
    name,
    source,
    provider,
    unsourced: Array.isArray(unsourced) ? unsourced.map(String) : [],
    ...(typeof subdomain === 'string' && { subdomain }),
    ...(typeof profileUrl === 'string' && { profileUrl }),
    ...(isRecord(profileMap) && { profileMap: textsIn(profileMap) }),
    ...(isRecord(variables) && { variables }),
  };
}

function sourceOf(value: unknown, where: string): Source {
  if (!isRecord(value)) throw broken(where);
  const { package: name, version, licence, url, readAt, via = 'its documentation' } = value;
  if (typeof url !== 'string' || typeof readAt !== 'string') throw broken(where);
  const isPackage = typeof name === 'string';
  return { name: isPackage ? `${name} ${version} (${licence})` : String(via), url, readAt };
}

function textsIn(value: object): Record<string, string> {
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
}

function broken(where: string): CommandError {
  return new CommandError(`operate/catalogue/import/facts: ${where} lacks what an import needs.`);
}
