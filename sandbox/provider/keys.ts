import type { Context } from './middleware.ts';

/** An account's API key; like its password, it is no secret here. */
export function apiKeyOf(account: string): string {
  return `sandbox-key-of-${account}`;
}

/** The password of every account, for Basic (RFC 7617). */
export const password = 'sandbox';

/** Whose API key, or whose name and password, a request brings. */
export function keyHolder(ctx: Context): string | undefined {
  const [, account] = /^sandbox-key-of-([\w.-]+)$/.exec(ctx.get('x-api-key')) ?? [];
  if (account !== undefined) return account;
  const [, pair = ''] = /^Basic ([\w+/]+=*)$/i.exec(ctx.get('authorization')) ?? [];
  const [name, ...secret] = Buffer.from(pair, 'base64').toString('utf8').split(':');
  return secret.join(':') === password ? name : undefined;
}
