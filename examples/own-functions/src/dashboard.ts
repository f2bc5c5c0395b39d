import { connections } from '../../../functions/src/client/index.ts';
import { forUser } from './for-user.ts';

interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
}

interface Saved {
  readonly track: { readonly name: string };
}

/**
 * Several calls at once with one look-up of the token: whatever its age, there is one read of
 * Firestore and one refresh at most.
 */
export const dashboard = forUser(async (uid) => {
  const spotify = await connections.client(uid, 'spotify');
  const [profile, tracks, playlists] = await Promise.all([
    spotify.get<{ readonly display_name: string | null }>('/me'),
    spotify.get<Page<Saved>>('/me/tracks', { params: { limit: 5 } }),
    spotify.get<Page<unknown>>('/me/playlists', { params: { limit: 1 } }),
  ]);
  return {
    name: profile.data.display_name,
    savedTracks: tracks.data.total,
    latest: tracks.data.items.map(({ track }) => track.name),
    playlists: playlists.data.total,
  };
});
