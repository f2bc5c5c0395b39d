import { getAuth, type UserRecord } from 'firebase-admin/auth';
import { firebaseApp } from './firebase-app.ts';

/** What one request may ask for: https://firebase.google.com/docs/auth/admin/manage-users */
const usersPerRequest = 100;

/** How Firebase Auth knows a user. */
export type Standing =
  | { readonly kind: 'present' }
  | { readonly kind: 'disabled' }
  | { readonly kind: 'gone' }
  /** His sessions were revoked then, and there has been none since. */
  | { readonly kind: 'signed_out'; readonly since: number };

/** One request per 100 users. */
export async function standingsOf(uids: readonly string[]): Promise<Map<string, Standing>> {
  const standings = new Map<string, Standing>(uids.map((uid) => [uid, { kind: 'gone' }]));
  for (let start = 0; start < uids.length; start += usersPerRequest) {
    const identifiers = uids.slice(start, start + usersPerRequest).map((uid) => ({ uid }));
    const { users } = await getAuth(firebaseApp()).getUsers(identifiers);
    for (const user of users) standings.set(user.uid, standingOf(user));
  }
  return standings;
}

/** Those of the given users who no longer exist. */
export async function goneUsers(uids: readonly string[]): Promise<string[]> {
  const standings = await standingsOf(uids);
  return uids.filter((uid) => standings.get(uid)?.kind === 'gone');
}

type Known = Pick<UserRecord, 'disabled'> & {
  readonly tokensValidAfterTime?: string | undefined;
  readonly metadata: Pick<UserRecord['metadata'], 'lastSignInTime' | 'lastRefreshTime'>;
};

/** Firebase counts in seconds here, and so must who compares. */
export function standingOf({ disabled, tokensValidAfterTime, metadata }: Known): Standing {
  if (disabled) return { kind: 'disabled' };
  const secondOf = (time: string | null | undefined) =>
    time ? Math.floor(Date.parse(time) / 1_000) : 0;
  const revoked = secondOf(tokensValidAfterTime);
  const { lastSignInTime, lastRefreshTime } = metadata;
  const seen = Math.max(secondOf(lastSignInTime), secondOf(lastRefreshTime));
  // Who never signed in has no session to be revoked.
  if (seen === 0 || revoked <= seen) return { kind: 'present' };
  return { kind: 'signed_out', since: revoked * 1_000 };
}
