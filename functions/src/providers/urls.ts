import { isLoopbackHttp } from '../egress/addresses.ts';
import { endpointNames } from './located.ts';
import type { Settings } from './settings-schema.ts';
import { exampleOf } from './template.ts';

type Checked = Settings['providers'][string];

/** What is asked, or believed, by its address. */
const urlFields = ['issuer', ...endpointNames, 'jwksUri', 'apiBaseUrl'] as const;

/**
 * A URL of the settings that is not allowed: anything but https, a user or a fragment in it. Where a
 * field stands in it, the rest of it is judged here, and what it leads to once it is known.
 *
 * @returns the field.
 */
export function wrongUrlOf(settings: Settings, allowLoopbackHttp: boolean): string | undefined {
  for (const [field, url] of urlsOf(settings)) {
    if (!isAllowedUrl(url, allowLoopbackHttp)) return field;
  }
  return undefined;
}

function* urlsOf(settings: Settings): Generator<[field: string, url: string]> {
  yield ['app.redirectUri', settings.app.redirectUri];
  const webhook = settings.events?.webhook;
  if (webhook !== undefined) yield ['events.webhook.url', webhook.url];
  for (const [index, { issuer, jwksUri }] of (settings.services ?? []).entries()) {
    yield [`services.${index}.issuer`, issuer];
    if (jwksUri !== undefined) yield [`services.${index}.jwksUri`, jwksUri];
  }
  for (const [id, provider] of Object.entries(settings.providers)) {
    for (const [field, url] of urlsOfProvider(provider)) yield [`providers.${id}.${field}`, url];
  }
}

function* urlsOfProvider(provider: Checked): Generator<[field: string, url: string]> {
  const fields: Partial<Record<(typeof urlFields)[number], string | undefined>> = provider;
  for (const name of urlFields) {
    const url = fields[name];
    if (url !== undefined) yield [name, url];
  }
  const { lookup, profile } = provider;
  const longLived = 'longLivedToken' in provider ? provider.longLivedToken : undefined;
  const requests = {
    lookup,
    profile,
    longLivedToken: longLived,
    'longLivedToken.refresh': longLived?.refresh,
  };
  for (const [name, { endpoint } = {}] of Object.entries(requests)) {
    // A path is one below `apiBaseUrl`.
    if (endpoint !== undefined && !endpoint.startsWith('/')) yield [`${name}.endpoint`, endpoint];
  }
}

/** Whether a URL may be asked, or handed a finished authorization. */
export function isAllowedUrl(template: string, allowLoopbackHttp: boolean): boolean {
  const url = new URL(exampleOf(template));
  if (url.username !== '' || url.password !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (allowLoopbackHttp && isLoopbackHttp(url));
}

/** A link into an app: a scheme of its own, by its domain name in reverse (RFC 8252 §7.1). */
export function isDeepLink(value: string): boolean {
  return /^[a-z][a-z\d-]*(\.[a-z\d-]+)+:$/.test(new URL(value).protocol);
}
