import type { IncomingHttpHeaders } from 'node:http';
import type { AppSettings } from '../providers/settings-schema.ts';

/**
 * Where clients reach a connection's proxy. Headers of a request, which anybody can write, choose
 * among the origins that the app's settings name and no others: the address that clients are sent to
 * with their credential is one of the app's own. Who came by another way, past Hosting, is sent there.
 */
export function proxyAddressOf(
  { redirectUri, returnTo }: AppSettings,
  headers: IncomingHttpHeaders,
  connectionId: string,
): string {
  const own = [redirectUri, ...returnTo].map((url) => new URL(url));
  const named = [headers['x-forwarded-host'], headers.host];
  const found = named.flatMap((host) =>
    own.filter((url) => /^https?:$/.test(url.protocol) && url.host === host),
  );
  const { origin } = found[0] ?? new URL(redirectUri);
  return `${origin}/v1/connections/${connectionId}/proxy`;
}
