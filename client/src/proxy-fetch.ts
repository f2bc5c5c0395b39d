/** What it takes to use a connection's proxy. */
export interface ProxyAccess {
  /** `https://<your app>/v1/connections/<connection>/proxy`, without a slash at its end. */
  readonly proxy: string;
  /**
   * Gives a current Firebase ID token: `() => user.getIdToken()`, which renews it in time; or the
   * access token of a service (docs/services.md).
   */
  readonly token: () => Promise<string>;
  /** For whom a service acts. Users name none. */
  readonly uid?: string;
}

interface ProxyFetchOptions extends ProxyAccess {
  /** The API's own address, for an SDK that takes no other: what is below it goes to the proxy. */
  readonly api?: string;
}

/** `fetch`, as SDKs take one. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * A `fetch` for an SDK: each request to the connection's proxy gets a current token, whatever the SDK
 * itself would have sent. Requests to other hosts, as for uploads, go there without any credential:
 * an SDK that was given the token would send it to them as well.
 */
export function proxyFetch({ proxy, api, token, uid }: ProxyFetchOptions): Fetch {
  return async (input, init) => {
    const request = input instanceof Request ? input : undefined;
    const address = request?.url ?? String(input);
    const headers = new Headers(init?.headers ?? request?.headers);
    headers.delete('authorization');
    const path = pathBelow(proxy, address) ?? (api && pathBelow(api, address));
    if (path !== undefined) {
      headers.set('authorization', `Bearer ${await token()}`);
      if (uid !== undefined) headers.set('strongroom-user', uid);
    }
    const target = path === undefined ? address : proxy + path;
    return fetch(request ? new Request(target, request) : target, { ...init, headers });
  };
}

/** What follows a base URL, path and query; undefined where the address is not below it. */
function pathBelow(base: string, address: string): string | undefined {
  const { origin, pathname } = new URL(base);
  const url = new URL(address);
  const prefix = pathname.replace(/\/$/, '');
  const isBelow = url.origin === origin && url.pathname.startsWith(`${prefix}/`);
  return isBelow ? url.pathname.slice(prefix.length) + url.search : undefined;
}
