/** Where an answer came from, and where its reader is to go instead. */
export interface Rewriting {
  /** What was asked: relative references start from it. */
  readonly asked: URL;
  /** The API's base URL. */
  readonly base: URL;
  /** Parameters that carry the credential, or that settings add: they are not for the caller. */
  readonly hidden: ReadonlySet<string>;
  /** The connection's proxy, `https://app.example/v1/connections/{id}/proxy`; asked for if needed. */
  readonly proxyAddress: () => string;
}

/**
 * Where a reference of the API's leads: by the proxy where that is below the API's base URL, so that
 * the credential goes with it again; elsewhere where it says, whole, since what is relative to the
 * API's address is not relative to ours. None for what is no web address.
 */
export function rewriteReference(reference: string, rewriting: Rewriting): string | undefined {
  const { asked, base, proxyAddress } = rewriting;
  const url = URL.parse(reference.trim(), asked.href);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  const prefix = base.pathname.replace(/\/$/, '');
  const isBelow =
    url.origin === base.origin &&
    (url.pathname === prefix || url.pathname.startsWith(`${prefix}/`));
  // The proxy is not reached by way of somebody else's name and password.
  return isBelow
    ? proxyAddress() + url.pathname.slice(prefix.length) + searchOf(url, rewriting) + url.hash
    : url.href;
}

/** As it is but for the hidden parameters. */
function searchOf({ search }: URL, { hidden }: Rewriting): string {
  if (hidden.size === 0 || search === '') return search;
  const shown = search
    .slice(1)
    .split('&')
    .filter((pair) => ![...new URLSearchParams(pair).keys()].some((name) => hidden.has(name)));
  return shown.length === 0 ? '' : `?${shown.join('&')}`;
}

/** A quoted string, in which "<" is a character like any other, or a target (RFC 8288 §3). */
const quotedOrTarget = /"(?:[^"\\]|\\.)*"?|<([^>]*)>?/gs;

/** The same of each target in a field `Link`; none where one of them cannot be read. */
export function rewriteLink(field: string, rewriting: Rewriting): string | undefined {
  let isReadable = true;
  const rewritten = field.replace(quotedOrTarget, (found, target: string | undefined) => {
    if (target === undefined) return found;
    const reference = rewriteReference(target, rewriting);
    if (reference === undefined || !found.endsWith('>')) isReadable = false;
    return `<${reference}>`;
  });
  return isReadable ? rewritten : undefined;
}

/** Headers whose value may be a reference that is relative. */
const references = new Set(['location', 'content-location']);

/** What a header is to say to the caller. See `rewriteReference`, `rewriteLink`. */
export function rewriteHeader(
  name: string,
  value: string,
  rewriting: Rewriting,
): string | undefined {
  if (name === 'link') return rewriteLink(value, rewriting);
  if (references.has(name)) return rewriteReference(value, rewriting);
  // APIs have headers of their own that name an address: `x-goog-upload-url`, `operation-location`.
  // A client that went there by itself would take its own credential along.
  const isAddress = /^https?:\/\/\S+$/i.test(value);
  return isAddress ? rewriteReference(value, rewriting) : value;
}
