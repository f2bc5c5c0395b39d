import { connections } from '../../../functions/src/client/index.ts';
import { forUser } from './for-user.ts';

/** https://developer.spotify.com/documentation/web-api/reference/get-current-users-profile */
interface Profile {
  readonly id: string;
  readonly display_name: string | null;
  readonly product: string;
}

/** Who the user is at Spotify. */
export const spotifyProfile = forUser(async (uid) => {
  const spotify = await connections.client(uid, 'spotify');
  const { data } = await spotify.get<Profile>('/me');
  return { id: data.id, name: data.display_name, product: data.product };
});
