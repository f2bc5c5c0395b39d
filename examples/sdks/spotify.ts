import { SpotifyApi } from '@spotify/web-api-ts-sdk';
import { type ProxyAccess, proxyFetch } from '../../client/src/proxy-fetch.ts';

/** The SDK insists on a token; this one never leaves the process. */
const placeholder = {
  access_token: 'held-by-the-vault',
  token_type: 'Bearer',
  expires_in: 0,
  expires: Number.POSITIVE_INFINITY,
  refresh_token: '',
};

/** Spotify, by the connection behind the proxy. */
export function spotifyOf(access: ProxyAccess): SpotifyApi {
  const fetch = proxyFetch({ ...access, api: 'https://api.spotify.com/v1' });
  return SpotifyApi.withAccessToken('', placeholder, { fetch });
}
