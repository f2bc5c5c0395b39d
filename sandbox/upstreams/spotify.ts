import {
  type Answer,
  type Call,
  createUpstream,
  jsonOf,
  type Upstream,
  type UpstreamOptions,
} from './upstream.ts';

const savedTracks = 23;

/** Has the shape of Spotify's Web API: https://developer.spotify.com/documentation/web-api */
export function startSpotify(options?: UpstreamOptions): Promise<Upstream> {
  const tracks = Array.from({ length: savedTracks }, (_, i) => ({
    added_at: '2026-01-01T00:00:00Z',
    track: { id: `track-${i + 1}`, name: `Track ${i + 1}`, type: 'track' },
  }));
  const playlists: { readonly id: string; name: string; image?: Buffer }[] = [];
  const found = ({ params }: Call) => playlists.find(({ id }) => id === params['id']);
  return createUpstream(
    {
      error,
      routes: {
        'GET /v1/me': () => ({
          body: { id: 'ada', display_name: 'Ada', type: 'user', product: 'premium' },
        }),
        'GET /v1/me/tracks': (call) => pageOf(call, tracks),
        'GET /v1/me/playlists': (call) => pageOf(call, playlists),
        'GET /v1/playlists/{id}': (call) => {
          const playlist = found(call);
          return playlist === undefined
            ? error(404)
            : { body: { id: playlist.id, name: playlist.name, type: 'playlist' } };
        },
        'POST /v1/users/{user}/playlists': (call) => {
          const { name } = jsonOf(call);
          if (typeof name !== 'string') return error(400);
          const playlist = { id: `playlist-${playlists.length + 1}`, name };
          playlists.push(playlist);
          return { status: 201, body: { ...playlist, type: 'playlist' } };
        },
        'PUT /v1/playlists/{id}/images': (call) => {
          const playlist = found(call);
          if (playlist === undefined) return error(404);
          // A JPEG, in base64.
          const image = Buffer.from(call.body.toString('latin1'), 'base64');
          if (call.headers['content-type'] !== 'image/jpeg' || image.length === 0)
            return error(400);
          playlist.image = image;
          return { status: 202 };
        },
        'GET /v1/playlists/{id}/images': (call) => {
          const image = found(call)?.image;
          return {
            body:
              image === undefined ? [] : [{ url: `bytes:${image.length}`, width: 1, height: 1 }],
          };
        },
      },
    },
    options,
  );
}

/** Pages by offset; `next` and `previous` are whole addresses. */
function pageOf({ query, path, baseUrl }: Call, all: readonly unknown[]): Answer {
  const limit = Math.min(Number(query.get('limit') ?? 20), 50);
  const offset = Number(query.get('offset') ?? 0);
  const at = (from: number) => `${baseUrl}${path}?offset=${from}&limit=${limit}`;
  return {
    body: {
      href: at(offset),
      items: all.slice(offset, offset + limit),
      limit,
      offset,
      total: all.length,
      next: offset + limit < all.length ? at(offset + limit) : null,
      previous: offset > 0 ? at(Math.max(0, offset - limit)) : null,
    },
  };
}

const messages: Readonly<Record<number, string>> = {
  400: 'Invalid request',
  401: 'The access token expired',
  404: 'Resource not found',
  429: 'API rate limit exceeded',
};

function error(status: number): Answer {
  return { status, body: { error: { status, message: messages[status] ?? 'Server error.' } } };
}
