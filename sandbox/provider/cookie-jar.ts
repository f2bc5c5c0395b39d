interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly origin: string;
  readonly path: string;
}

/** The cookies of one browser (RFC 6265, as far as paths and deletion go). */
export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  /** Keeps what the `Set-Cookie` lines of an answer from `url` say. */
  store(url: URL, setCookies: readonly string[]): void {
    for (const line of setCookies) {
      const [pair = '', ...rest] = line.split(/;\s*/);
      const [name = '', ...value] = pair.split('=');
      const attributes = new Map(rest.map(splitAttribute));
      const path = attributes.get('path') ?? '/';
      const key = `${url.origin} ${path} ${name}`;
      const expires = Date.parse(attributes.get('expires') ?? '');
      const isDeleted = expires <= Date.now() || attributes.get('max-age') === '0';
      if (isDeleted) this.#cookies.delete(key);
      else this.#cookies.set(key, { name, value: value.join('='), origin: url.origin, path });
    }
  }

  /** The `Cookie` header for a request to `url`, the longest path first. */
  header(url: URL): string {
    return [...this.#cookies.values()]
      .filter(({ origin, path }) => origin === url.origin && matchesPath(url.pathname, path))
      .sort((a, b) => b.path.length - a.path.length)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }
}

function splitAttribute(source: string): [string, string] {
  const [name = '', value = ''] = source.split('=');
  return [name.toLowerCase(), value];
}

function matchesPath(pathname: string, path: string): boolean {
  const folder = path.endsWith('/') ? path : `${path}/`;
  return pathname === path || pathname.startsWith(folder);
}
