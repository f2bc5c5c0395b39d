import type { Request, Response } from 'firebase-functions/https';
import { parsePage, parsePart } from './part.ts';
import { notFound, Problem } from './problem.ts';
import { createPart, deletePart, listParts, readPart, replacePart } from './store.ts';

export interface Route {
  /** What the token needs; absent: any token will do. */
  readonly scope?: string;
  readonly handle: (request: Request, response: Response) => Promise<void>;
}

const read = 'parts.read';
const write = 'parts.write';
const all = /^\/?$/;
const one = /^\/(?<id>\w{20})$/;

const routes: readonly (Route & { readonly method: string; readonly path: RegExp })[] = [
  {
    method: 'GET',
    path: all,
    scope: read,
    async handle({ query }, response) {
      const { limit, after } = parsePage(query);
      response.json(await listParts(limit, after));
    },
  },
  {
    method: 'POST',
    path: all,
    scope: write,
    async handle(request, response) {
      const part = await createPart(parsePart(bodyOf(request)));
      response.status(201).json(part);
    },
  },
  {
    method: 'GET',
    path: one,
    scope: read,
    async handle(request, response) {
      response.json(await readPart(idOf(request)));
    },
  },
  {
    method: 'PUT',
    path: one,
    scope: write,
    async handle(request, response) {
      response.json(await replacePart(idOf(request), parsePart(bodyOf(request))));
    },
  },
  {
    method: 'DELETE',
    path: one,
    scope: write,
    async handle(request, response) {
      await deletePart(idOf(request));
      response.status(204).end();
    },
  },
];

/** What answers; where nothing fits, what says so. */
export function findRoute(method: string, path: string): Route {
  const here = routes.filter((route) => route.path.test(path));
  const route = here.find((candidate) => candidate.method === method);
  if (route !== undefined) return route;
  return {
    async handle(_, response) {
      if (here.length === 0) throw notFound();
      // RFC 9110 §15.5.6.
      response.set('allow', here.map((candidate) => candidate.method).join(', '));
      throw new Problem(405, 'This path does not take that method.');
    },
  };
}

function idOf({ path }: Request): string {
  const id = one.exec(path)?.groups?.['id'];
  if (id === undefined) throw notFound();
  return id;
}

function bodyOf(request: Request): unknown {
  if (request.is('application/json')) return request.body;
  throw new Problem(415, 'Send the part as JSON (application/json).');
}
