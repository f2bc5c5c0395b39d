/**
 * A browser small enough for tests and the demo: cookies, redirects and forms, no script.
 */

/** A button pressed or not, a field filled in: what a form sends. */
interface Form {
  readonly action: URL;
  readonly method: string;
  readonly fields: URLSearchParams;
  /** Names of the fields a person writes into. */
  readonly editable: readonly string[];
  readonly buttons: readonly { readonly name: string; readonly value: string; text: string }[];
}

const maximumPages = 20;
const refusal = /cancel|deny|abort|refuse/i;

/**
 * Walks a provider's pages as a person would, from an authorization URL to the redirect back,
 * which is not followed. Each call is a browser of its own, so many may run side by side.
 *
 * @param account written into every empty field.
 * @param decision `deny` signs in and then refuses on the page that asks for consent.
 * @returns what the redirect to the `redirect_uri` carries: `state`, `code`, `iss`, or `error` ….
 * @throws Error naming the page where it could not go on.
 */
export async function authorize(request: {
  readonly authorizationUrl: string | URL;
  readonly account: string;
  readonly decision: 'allow' | 'deny';
}): Promise<URLSearchParams> {
  const start = new URL(request.authorizationUrl);
  const isBack = redirectTest(start);
  const jar = new CookieJar();
  let next: { url: URL; form?: Form; pressed?: string } = { url: start };

  for (let pages = 0; pages < maximumPages; pages++) {
    const response = await send(next.url, jar, next.form);
    const location = response.headers.get('location');
    if (location !== null) {
      await response.body?.cancel();
      const url = new URL(location, next.url);
      if (isBack(url)) return url.searchParams;
      next = { url };
      continue;
    }
    const html = await response.text();
    const form = findForm(html, next.url);
    if (!response.ok || !form) throw stuck(next.url, response.status, html);
    if (isBack(form.action)) return form.fields;
    next = { url: form.action, form: fillIn(form, request.account, request.decision) };
  }
  throw new Error(`${start.origin} did not redirect back after ${maximumPages} pages.`);
}

/** Whether a URL is the redirect back: to the `redirect_uri`, or, unnamed, to another origin. */
function redirectTest(start: URL): (url: URL) => boolean {
  const redirectUri = start.searchParams.get('redirect_uri');
  if (redirectUri === null) return (url) => url.origin !== start.origin;
  const { origin, pathname } = new URL(redirectUri);
  return (url) => url.origin === origin && url.pathname === pathname;
}

function send(url: URL, jar: CookieJar, form?: Form): Promise<Response> {
  const target = new URL(url);
  const headers: Record<string, string> = { accept: 'text/html', cookie: jar.header(url) };
  const isPost = form?.method === 'post';
  if (form && !isPost) target.search = form.fields.toString();
  const init: RequestInit = { redirect: 'manual', headers };
  if (form && isPost) Object.assign(init, { method: 'POST', body: form.fields });
  return fetch(target, init).then((response) => {
    jar.store(url, response.headers.getSetCookie());
    return response;
  });
}

/** Refuses only where nothing is asked but consent, so that a refusal has an author. */
function fillIn(form: Form, account: string, decision: 'allow' | 'deny'): Form {
  const fields = new URLSearchParams(form.fields);
  for (const name of form.editable) {
    if (!fields.get(name)) fields.set(name, account);
  }
  const refuses = decision === 'deny' && form.editable.length === 0;
  const button = form.buttons.find(
    ({ name, value, text }) => refusal.test(`${name} ${value} ${text}`) === refuses,
  );
  if (button && button.name !== '') fields.append(button.name, button.value);
  return { ...form, fields };
}

/** The first form of a page. */
function findForm(html: string, pageUrl: URL): Form | undefined {
  const [, tag, content] = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(html) ?? [];
  if (tag === undefined || content === undefined) return undefined;
  const form = attributesOf(tag);
  const fields = new URLSearchParams();
  const editable: string[] = [];
  for (const [, source = ''] of content.matchAll(/<input\b([^>]*)>/gi)) {
    const { name, value = '', type = 'text' } = attributesOf(source);
    if (!name || type === 'submit') continue;
    fields.set(name, value);
    if (type !== 'hidden') editable.push(name);
  }
  const buttons = [...content.matchAll(/<button\b([^>]*)>([\s\S]*?)<\/button>/gi)].map(
    ([, source = '', text = '']) => {
      const { name = '', value = '' } = attributesOf(source);
      return { name, value, text };
    },
  );
  const action = new URL(form['action'] || pageUrl.href, pageUrl);
  return { action, method: (form['method'] ?? 'get').toLowerCase(), fields, editable, buttons };
}

function attributesOf(tag: string): Record<string, string> {
  const pairs = [...tag.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)];
  return Object.fromEntries(
    pairs.map(([, name = '', double, single]) => [
      name.toLowerCase(),
      decodeEntities(double ?? single ?? ''),
    ]),
  );
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (whole, code: string | undefined, name: string) =>
    code === undefined ? (entities[name] ?? whole) : String.fromCodePoint(Number(code)),
  );
}

function stuck(url: URL, status: number, html: string): Error {
  const text = html
    .replace(/<(style|script)[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return new Error(`${url.origin}${url.pathname} answered ${status}: ${text.slice(0, 300)}`);
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly origin: string;
  readonly path: string;
}

/** The cookies of one visit (RFC 6265, as far as paths and deletion go). */
class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  store(url: URL, setCookies: readonly string[]): void {
    for (const line of setCookies) {
      const [pair = '', ...attributes] = line.split(/;\s*/);
      const [name = '', ...value] = pair.split('=');
      const attribute = (wanted: string) =>
        attributes
          .find((text) => text.toLowerCase().startsWith(`${wanted}=`))
          ?.slice(wanted.length + 1);
      const path = attribute('path') ?? '/';
      const key = `${url.origin} ${path} ${name}`;
      const expires = Date.parse(attribute('expires') ?? '');
      if (expires <= Date.now() || attribute('max-age') === '0') this.#cookies.delete(key);
      else this.#cookies.set(key, { name, value: value.join('='), origin: url.origin, path });
    }
  }

  header(url: URL): string {
    return [...this.#cookies.values()]
      .filter(({ origin, path }) => origin === url.origin && matchesPath(url.pathname, path))
      .sort((a, b) => b.path.length - a.path.length)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }
}

function matchesPath(pathname: string, path: string): boolean {
  const folder = path.endsWith('/') ? path : `${path}/`;
  return pathname === path || pathname.startsWith(folder);
}
