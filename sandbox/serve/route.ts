import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../launch/paths.ts';

export interface Route {
  readonly name: string;
  /** What the function sees as its URL. */
  readonly url: string;
}

interface Rewrite {
  readonly prefix: string;
  readonly name: string;
}

/**
 * Finds the function that a URL is for: `/<project>/<region>/<name>/…` as under the functions
 * emulator, `/<name>/…` as on cloudfunctions.net, or a path that Hosting rewrites.
 */
export function findRoute(
  url: string,
  names: ReadonlySet<string>,
  { projectId, region }: { readonly projectId: string; readonly region: string },
): Route | undefined {
  const base = `/${projectId}/${region}/`;
  const path = url.startsWith(base) ? url.slice(base.length - 1) : url;
  const [, name = '', rest = ''] = /^\/([^/?]*)(.*)$/.exec(path) ?? [];
  if (names.has(name)) return { name, url: rest.startsWith('/') ? rest : `/${rest}` };
  const rewrite = rewrites.find(({ prefix }) => url.startsWith(prefix));
  return rewrite && { name: rewrite.name, url };
}

const rewrites = readRewrites();

function readRewrites(): Rewrite[] {
  const text = readFileSync(join(root, 'firebase.json'), 'utf8');
  const rewrite = /"source":\s*"([^"*]+)\*\*",\s*"function":\s*\{\s*"functionId":\s*"([^"]+)"/g;
  return [...text.matchAll(rewrite)].map(([, prefix = '', name = '']) => ({ prefix, name }));
}
