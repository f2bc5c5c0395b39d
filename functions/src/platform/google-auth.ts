import { GoogleAuth } from 'google-auth-library';
import { memoise } from './memoise.ts';

const scopes = ['https://www.googleapis.com/auth/cloud-platform'];
const client = memoise(() => new GoogleAuth({ scopes }).getClient());

/**
 * Headers that authenticate a request to Google's APIs, by application default credentials; for
 * operator commands.
 *
 * @throws Error where nobody is signed in.
 */
export async function googleHeaders(): Promise<Record<string, string>> {
  return Object.fromEntries(await (await client()).getRequestHeaders());
}
