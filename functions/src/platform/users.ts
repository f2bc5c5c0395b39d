import { getAuth } from 'firebase-admin/auth';
import { firebaseApp } from './firebase-app.ts';

/** What one request may ask for: https://firebase.google.com/docs/auth/admin/manage-users */
const usersPerRequest = 100;

/** Those of the given users who no longer exist. One request per 100. */
export async function goneUsers(uids: readonly string[]): Promise<string[]> {
  const gone: string[] = [];
  for (let start = 0; start < uids.length; start += usersPerRequest) {
    const identifiers = uids.slice(start, start + usersPerRequest).map((uid) => ({ uid }));
    const { users } = await getAuth(firebaseApp()).getUsers(identifiers);
    const present = new Set(users.map(({ uid }) => uid));
    gone.push(...identifiers.map(({ uid }) => uid).filter((uid) => !present.has(uid)));
  }
  return gone;
}
