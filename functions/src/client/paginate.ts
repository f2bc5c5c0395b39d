import axios, { type AxiosInstance, type AxiosRequestConfig, type AxiosResponse } from 'axios';
import { StrongroomError } from '../errors.ts';
import { memberOf } from '../platform/member.ts';
import type { Paging } from '../providers/api-schema.ts';
import { linkOf } from './link.ts';

/** How much of a list is wanted. */
export interface Caps {
  /** Ends after so many. Default: none. */
  readonly maxItems?: number;
  /** Ends after so many. Default: none, but more than 1,000 are an error. */
  readonly maxPages?: number;
}

/** How an API hands out a list, and how much of it is wanted. */
export type PageOptions = Paging & Caps;

/** What the settings say of a client's provider. */
const usualPaging = new WeakMap<AxiosInstance, Paging>();

/** How lists are handed out where `paginate` is not told. */
export function setUsualPaging(client: AxiosInstance, paging: Paging): void {
  usualPaging.set(client, paging);
}

export interface PageRequest extends AxiosRequestConfig {
  readonly params?: Readonly<Record<string, unknown>>;
}

/** What was asked for and what came, so far. */
interface Progress {
  readonly request: PageRequest;
  readonly asked: PageRequest;
  readonly answer: AxiosResponse<unknown>;
  readonly pages: number;
  readonly items: number;
  readonly isEmpty: boolean;
}

function optionsOf(
  client: AxiosInstance,
  given: PageOptions | (Caps & { readonly style?: never }),
): PageOptions {
  if (given.style !== undefined) return given;
  const usual = usualPaging.get(client);
  const { style: _none, ...caps } = given;
  if (usual !== undefined) return { ...usual, ...caps };
  throw new StrongroomError(
    'invalid_argument',
    "The provider's settings do not tell how its API hands out lists (paging). Say it in the " +
      'options: style, and what belongs to it.',
    { field: 'style' },
  );
}

/** No list is longer; an API that always names another page has no end. */
const mostPages = 1_000;

/**
 * The items of a list, page after page; the next is asked for when it is needed. Where the options
 * name no style, the provider's settings say how (`paging`). It ends where the API
 * says so, or at the caps that are given. Every page goes through the client, so a link that leads to
 * another host is refused.
 *
 * @throws StrongroomError `provider_answer_invalid`: a page has no list where `items` says;
 *   `answer_too_large`: more than 1,000 pages and no `maxPages`; and whatever the client throws.
 */
export async function* paginate<T = unknown>(
  client: AxiosInstance,
  request: PageRequest,
  given: PageOptions | (Caps & { readonly style?: never }) = {},
): AsyncGenerator<T, void, undefined> {
  const options = optionsOf(client, given);
  const { maxItems = Number.POSITIVE_INFINITY, maxPages = Number.POSITIVE_INFINITY } = options;
  let items = 0;
  let next = firstOf(request, options);
  for (let pages = 1; next !== undefined && pages <= maxPages && items < maxItems; pages += 1) {
    if (pages > mostPages && options.maxPages === undefined) throw endless();
    const asked = next;
    const answer: AxiosResponse<unknown> = await client.request(asked);
    const page = itemsOf<T>(answer.data, options.items);
    for (const item of page) {
      if (items >= maxItems) return;
      items += 1;
      yield item;
    }
    next = nextOf({ request, asked, answer, pages, items, isEmpty: page.length === 0 }, options);
  }
}

function firstOf(request: PageRequest, options: PageOptions): PageRequest | undefined {
  return options.style === 'page'
    ? withParameter(request, ...positionOf(request, options, 0, 0))
    : request;
}

/** The request of the next page; undefined where this one was the last. */
function nextOf(progress: Progress, options: PageOptions): PageRequest | undefined {
  const { request, asked, answer, pages, items, isEmpty } = progress;
  if (options.style === 'link') {
    const link = linkOf(String(answer.headers['link'] ?? ''), 'next');
    return link === undefined ? undefined : atAddress(progress, link);
  }
  if (options.style === 'cursor') {
    const cursor = memberOf(answer.data, options.cursor);
    const isCursor = typeof cursor === 'number' || (typeof cursor === 'string' && cursor !== '');
    if (!isCursor) return undefined;
    const { parameter } = options;
    return parameter === undefined
      ? atAddress(progress, String(cursor))
      : withParameter(asked, parameter, cursor);
  }
  if (options.style === 'after') return afterItem(progress, options);
  const total = options.total === undefined ? undefined : memberOf(answer.data, options.total);
  if (isEmpty || (typeof total === 'number' && items >= total)) return undefined;
  return withParameter(request, ...positionOf(request, options, pages, items));
}

/** The page that begins after the last item of this one. */
function afterItem(
  { asked, answer, isEmpty }: Progress,
  { parameter, id = 'id', items, more }: Extract<PageOptions, { style: 'after' }>,
): PageRequest | undefined {
  if (isEmpty || (more !== undefined && memberOf(answer.data, more) !== true)) return undefined;
  const last = memberOf(itemsOf<unknown>(answer.data, items).at(-1), id);
  const isId = typeof last === 'number' || (typeof last === 'string' && last !== '');
  if (!isId) throw invalid('The last item of the page has no id where the option id says.');
  return withParameter(asked, parameter, last);
}

/** The parameter of the page after so many pages and items, counted from where the caller began. */
function positionOf(
  { params = {} }: PageRequest,
  options: Extract<PageOptions, { style: 'offset' | 'page' }>,
  pages: number,
  items: number,
): [name: string, value: number] {
  const { style, parameter = style } = options;
  const first = style === 'page' ? (options.first ?? 1) : 0;
  const begun = Number(params[parameter] ?? first);
  return [parameter, begun + (style === 'page' ? pages : items)];
}

function withParameter(request: PageRequest, name: string, value: unknown): PageRequest {
  return { ...request, params: { ...request.params, [name]: value } };
}

/** The next page by its URL, which may be relative (RFC 8288 §3.1) and has all parameters in it. */
function atAddress({ asked, answer }: Progress, address: string): PageRequest | undefined {
  const base = axios.getUri(answer.config);
  if (!URL.canParse(address, base)) throw invalid('The link to the next page is no URL.');
  const { params: _params, ...request } = asked;
  return { ...request, url: new URL(address, base).href };
}

function itemsOf<T>(data: unknown, path: NonNullable<Paging['items']> = []): readonly T[] {
  const found = memberOf(data, path);
  if (Array.isArray(found)) return found;
  throw invalid('The page has no list of items where the option items says.');
}

function invalid(message: string): StrongroomError {
  return new StrongroomError('provider_answer_invalid', message);
}

function endless(): StrongroomError {
  return new StrongroomError(
    'answer_too_large',
    `There are more than ${mostPages} pages. Ask for larger ones, or set maxPages or maxItems.`,
  );
}
