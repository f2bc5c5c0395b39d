import type { Grant, Grants } from './grants.ts';
import { newSecret } from './registration.ts';
import { demand } from './request.ts';

/** What an authorization code stands for (RFC 6749 §4.1.2). */
export interface Authorized {
  readonly grant: Grant;
  /** RFC 7636 §4.3. */
  readonly codeChallenge: string | undefined;
  readonly nonce: string | undefined;
}

const lifetimeMs = 10 * 60_000;

/** Authorization codes: each works once, and its second use ends the grant. */
export function createCodes(grants: Grants, now: () => number) {
  const codes = new Map<string, Authorized & { readonly endsAt: number; isUsed: boolean }>();
  return {
    newCode(authorized: Authorized): string {
      const code = newSecret('code');
      codes.set(code, { ...authorized, endsAt: now() + lifetimeMs, isUsed: false });
      return code;
    },
    /** @throws Refusal `invalid_grant` */
    use(code: string | undefined): Authorized {
      const found = codes.get(code ?? '');
      demand(found !== undefined, 'unknown code', 'invalid_grant');
      if (found.isUsed) grants.revoke(found.grant);
      demand(!found.isUsed, 'the code was used before', 'invalid_grant');
      demand(now() < found.endsAt, 'the code has expired', 'invalid_grant');
      found.isUsed = true;
      return found;
    },
  };
}
