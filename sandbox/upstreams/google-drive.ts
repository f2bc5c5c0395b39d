import {
  type Answer,
  type Call,
  createUpstream,
  digestOf,
  jsonOf,
  partsOf,
  type Upstream,
  type UpstreamOptions,
} from './upstream.ts';

const firstFiles = 23;

interface DriveFile {
  readonly id: string;
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: Buffer;
}

/** An upload in several pieces. */
interface Session {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly mimeType: string;
  bytes: Buffer;
}

/** Has the shape of Google Drive's API: https://developers.google.com/workspace/drive/api */
export function startGoogleDrive(options?: UpstreamOptions): Promise<Upstream> {
  const files: DriveFile[] = Array.from({ length: firstFiles }, (_, i) => ({
    id: `file-${i + 1}`,
    name: `File ${i + 1}`,
    mimeType: 'text/plain',
    bytes: Buffer.from(`Content of file ${i + 1}.`),
  }));
  const sessions = new Map<string, Session>();
  const keep = (name: unknown, mimeType: string, bytes: Buffer): Answer => {
    const file = { id: `file-${files.length + 1}`, name: String(name), mimeType, bytes };
    files.push(file);
    return { body: shown(file) };
  };
  const found = ({ params }: Call) => files.find(({ id }) => id === params['id']);

  const upload = (call: Call): Answer => {
    switch (call.query.get('uploadType')) {
      case 'media':
        return keep('Untitled', call.headers['content-type'] ?? '', call.body);
      case 'multipart': {
        const [metadata, media] = partsOf(call);
        if (metadata === undefined || media === undefined) return error(400);
        return keep(jsonOf(metadata)['name'], media.headers['content-type'] ?? '', media.body);
      }
      case 'resumable': {
        const id = `session-${sessions.size + 1}`;
        const mimeType = String(call.headers['x-upload-content-type'] ?? '');
        sessions.set(id, { metadata: jsonOf(call), mimeType, bytes: Buffer.alloc(0) });
        const location = `${call.baseUrl}${call.path}?uploadType=resumable&upload_id=${id}`;
        return { headers: { location, 'x-guploader-uploadid': id } };
      }
      default:
        return error(400);
    }
  };

  /** 308 says how far it has come; the last piece, of a size that is told, makes the file. */
  const resume = ({ query, headers, body }: Call): Answer => {
    const session = sessions.get(query.get('upload_id') ?? '');
    const range = /^bytes (?:\*|(\d+)-\d+)\/(\*|\d+)$/.exec(headers['content-range'] ?? '');
    if (session === undefined || range === null) return error(session === undefined ? 404 : 400);
    const { length } = session.bytes;
    if (range[1] !== undefined && Number(range[1]) !== length) return error(400);
    session.bytes = Buffer.concat([session.bytes, body]);
    if (Number(range[2]) === session.bytes.length) {
      return keep(session.metadata['name'], session.mimeType, session.bytes);
    }
    const last = session.bytes.length - 1;
    return { status: 308, headers: last < 0 ? {} : { range: `bytes=0-${last}` } };
  };

  return createUpstream(
    {
      error,
      routes: {
        'GET /drive/v3/about': () => ({
          body: {
            kind: 'drive#about',
            user: { displayName: 'Ada', emailAddress: 'ada@example.com' },
          },
        }),
        'GET /drive/v3/files': (call) => pageOf(call, files.map(shown)),
        'GET /drive/v3/files/{id}': (call) => {
          const file = found(call);
          if (file === undefined) return error(404);
          return call.query.get('alt') === 'media' ? mediaOf(call, file) : { body: shown(file) };
        },
        'POST /drive/v3/files': (call) => keep(jsonOf(call)['name'], 'text/plain', Buffer.alloc(0)),
        'POST /upload/drive/v3/files': upload,
        'PUT /upload/drive/v3/files': resume,
      },
    },
    options,
  );
}

function shown({ id, name, mimeType, bytes }: DriveFile) {
  const md5Checksum = digestOf(bytes, 'md5');
  return { kind: 'drive#file', id, name, mimeType, size: String(bytes.length), md5Checksum };
}

/** The whole file, or the one range that is asked for (RFC 9110 §14). */
function mediaOf({ headers }: Call, { bytes, mimeType }: DriveFile): Answer {
  const common = { 'content-type': mimeType, 'accept-ranges': 'bytes' };
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
  if (range === null) return { headers: common, body: bytes };
  const from = Number(range[1]);
  const to = range[2] === '' ? bytes.length - 1 : Number(range[2]);
  return {
    status: 206,
    headers: { ...common, 'content-range': `bytes ${from}-${to}/${bytes.length}` },
    body: bytes.subarray(from, to + 1),
  };
}

function pageOf({ query }: Call, all: readonly unknown[]): Answer {
  const size = Math.min(Number(query.get('pageSize') ?? 100), 1_000);
  const token = query.get('pageToken') ?? '';
  const from = Number(Buffer.from(token, 'base64url').toString('utf8'));
  const next = from + size;
  const more = next < all.length;
  return {
    body: {
      kind: 'drive#fileList',
      files: all.slice(from, next),
      incompleteSearch: false,
      ...(more && { nextPageToken: Buffer.from(String(next)).toString('base64url') }),
    },
  };
}

const reasons: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  400: ['badRequest', 'Bad Request'],
  401: ['authError', 'Invalid Credentials'],
  404: ['notFound', 'File not found: .'],
  429: ['rateLimitExceeded', 'Rate Limit Exceeded'],
};

function error(status: number): Answer {
  const [reason, message] = reasons[status] ?? ['backendError', 'Internal Error'];
  const errors = [{ domain: 'global', reason, message }];
  return { status, body: { error: { errors, code: status, message } } };
}
