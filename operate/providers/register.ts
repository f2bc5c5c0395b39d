import { redirectUriKnownTo, redirectUriOf } from '../../functions/src/providers/redirect-uri.ts';
import type { Provider, Settings } from '../../functions/src/providers/settings-schema.ts';
import { isRecord } from '../../sandbox/http/body.ts';
import { readEntries } from '../catalogue/files.ts';

/** What somebody has to do at the provider before users can connect, line by line. */
export function registeringOf(
  { app }: Settings,
  provider: Provider,
  catalogueId: unknown,
): readonly string[] {
  const { url, note } = registerIn(catalogueId);
  const isAuthorizing = provider.kind === 'oidc' || provider.kind === 'oauth2';
  const redirectUri = redirectUriOf(app, provider);
  const alias = redirectUriKnownTo(provider, redirectUri);
  return [
    ...(url === undefined ? [] : [`Register the app at: ${url}`]),
    ...(isAuthorizing ? [`Redirect URI to enter there: ${redirectUri}`] : []),
    ...(isAuthorizing && alias !== redirectUri ? [`Name to give to it: ${alias}`] : []),
    ...(note === undefined ? [] : [note]),
  ];
}

/** What the catalogue says of registering; it is for people, and not deployed. */
function registerIn(catalogueId: unknown): { readonly url?: string; readonly note?: string } {
  const entry = readEntries().find(({ id }) => id === catalogueId)?.value;
  const register = isRecord(entry) ? entry['register'] : undefined;
  if (!isRecord(register)) return {};
  const { url, note } = register;
  return { ...(typeof url === 'string' && { url }), ...(typeof note === 'string' && { note }) };
}
