import type { AccountClaims } from 'oidc-provider';

/** Any name up to this length signs in. */
export const maximumNameLength = 100;

/** The claims of an account, made from its name: everybody exists here. */
export function claimsOf(accountId: string): AccountClaims & { name: string; email: string } {
  const [local = accountId] = accountId.split('@');
  return {
    sub: accountId,
    name: local.charAt(0).toUpperCase() + local.slice(1),
    email: accountId.includes('@') ? accountId : `${accountId}@example.com`,
    email_verified: true,
    preferred_username: accountId,
  };
}
