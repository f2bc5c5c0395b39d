import { assertionAsBearer } from './assertion-as-bearer.ts';
import { basicAuthOnRefresh } from './basic-auth-on-refresh.ts';
import { errorIn200 } from './error-in-200.ts';
import { errorInList } from './error-in-list.ts';
import { formEncodedAnswer } from './form-encoded-answer.ts';
import { formPostCallback } from './form-post-callback.ts';
import { idTokenUnread } from './id-token-unread.ts';
import { instanceUrl } from './instance-url.ts';
import { jsonTokenRequest } from './json-token-request.ts';
import { multiTenantIssuer } from './multi-tenant-issuer.ts';
import { nestedUserToken } from './nested-user-token.ts';
import { noExpiryIntrospect } from './no-expiry-introspect.ts';
import type { Quirk } from './quirk.ts';
import { redirectUriOnRefresh } from './redirect-uri-on-refresh.ts';
import { refreshWithAccessToken } from './refresh-with-access-token.ts';
import { secretAsUserName } from './secret-as-user-name.ts';
import { tokenByGet } from './token-by-get.ts';

/** All strategies, by the names by which providers' data refers to them. */
export const quirks = {
  'assertion-as-bearer': assertionAsBearer,
  'basic-auth-on-refresh': basicAuthOnRefresh,
  'error-in-200': errorIn200,
  'error-in-list': errorInList,
  'form-encoded-answer': formEncodedAnswer,
  'form-post-callback': formPostCallback,
  'id-token-unread': idTokenUnread,
  'instance-url': instanceUrl,
  'json-token-request': jsonTokenRequest,
  'multi-tenant-issuer': multiTenantIssuer,
  'nested-user-token': nestedUserToken,
  'no-expiry-introspect': noExpiryIntrospect,
  'redirect-uri-on-refresh': redirectUriOnRefresh,
  'refresh-with-access-token': refreshWithAccessToken,
  'secret-as-user-name': secretAsUserName,
  'token-by-get': tokenByGet,
} as const satisfies Record<string, Quirk>;

export type QuirkName = keyof typeof quirks;

export function isQuirkName(name: string): name is QuirkName {
  return Object.hasOwn(quirks, name);
}

/** The strategies that a provider's data names, in its order. */
export function quirksOf(
  provider: { readonly quirks: readonly string[] } | { readonly kind: string },
): Quirk[] {
  const names = 'quirks' in provider ? provider.quirks : [];
  return names.flatMap((name) => (isQuirkName(name) ? [quirks[name]] : []));
}
