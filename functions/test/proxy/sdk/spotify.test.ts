import assert from 'node:assert/strict';
import type { Page, SavedTrack, SpotifyApi } from '@spotify/web-api-ts-sdk';
import type { ProxyAccess } from '../../../../client/src/proxy-fetch.ts';
import { spotifyOf } from '../../../../examples/sdks/spotify.ts';
import { connectTo } from './connected.ts';

describe('the Spotify Web API SDK through the proxy', function () {
  this.timeout(30_000);
  const spotify = connectTo('spotify');
  let sdk: SpotifyApi;
  beforeEach(() => {
    sdk = spotifyOf(spotify);
  });

  it('reads with the token of the connection', async () => {
    assert.equal((await sdk.currentUser.profile()).display_name, 'Ada');
    const [request] = spotify.requests();
    assert.equal(request?.headers.authorization, `Bearer ${await spotify.accessToken()}`);
    assert.equal(request?.headers['content-type'], 'application/json');
  });

  it('pages by offset to the end', async () => {
    const names: string[] = [];
    let page: Page<SavedTrack>;
    do {
      page = await sdk.currentUser.tracks.savedTracks(10, names.length);
      names.push(...page.items.map(({ track }) => track.name));
    } while (page.next !== null);
    assert.deepEqual([names.length, names.at(-1)], [23, 'Track 23']);
    assert.equal(spotify.requests().length, 3);
  });

  it('writes, and uploads an image', async () => {
    const { id, name } = await sdk.playlists.createPlaylist('ada', { name: 'Schöne Lieder' });
    assert.equal(name, 'Schöne Lieder');
    const image = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await sdk.playlists.addCustomPlaylistCoverImage(id, image);
    const [kept] = await sdk.playlists.getPlaylistCoverImage(id);
    assert.equal(kept?.url, 'bytes:256');
    assert.equal(spotify.requests()[1]?.headers['content-type'], 'image/jpeg');
  });

  it('sends what Spotify asks for', async () => {
    const work = (access: ProxyAccess) =>
      spotifyOf(access).playlists.createPlaylist('ada', { name: 'A' });
    assert.deepEqual(await spotify.headersOf(work), {
      sent: ['accept', 'accept-language', 'content-type', 'user-agent'],
      lost: ['sec-fetch-mode'],
    });
  });

  it("has Spotify's errors as its own", async () => {
    await assert.rejects(sdk.playlists.getPlaylist('none'), {
      message: /^Unrecognised response code: 404 - Not Found\. Body: .*Resource not found/,
    });
    spotify.upstream.addFault({ status: 500 });
    await assert.rejects(sdk.currentUser.profile(), { message: /response code: 500/ });
    const other = spotifyOf(await spotify.anew());
    spotify.upstream.addFault({ status: 429, headers: { 'retry-after': '7' } });
    await assert.rejects(other.currentUser.profile(), { message: /exceeded its rate limits/ });
  });

  it('notices nothing of an access token that expires', async () => {
    await sdk.currentUser.profile();
    spotify.provider.expireAccessTokens();
    assert.ok(await sdk.playlists.createPlaylist('ada', { name: 'After' }));
    assert.equal(spotify.provider.counters().tokenRequests.total, 1);
  });
});
