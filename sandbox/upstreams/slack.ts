import {
  type Answer,
  type Call,
  createUpstream,
  formOf,
  partsOf,
  type Upstream,
  type UpstreamOptions,
} from './upstream.ts';

const channelCount = 23;

export interface Slack extends Upstream {
  /** Where files are uploaded to: another host, by addresses that are secret themselves. */
  readonly files: Upstream;
}

/**
 * Has the shape of Slack's Web API: https://docs.slack.dev/apis/web-api. Every method is a POST of a
 * form; errors are `ok: false` with status 200.
 */
export async function startSlack(options?: UpstreamOptions): Promise<Slack> {
  const channels = Array.from({ length: channelCount }, (_, i) => ({
    id: `C${i + 1}`,
    name: `channel-${i + 1}`,
  }));
  const uploaded = new Map<string, Buffer>();
  const files = await createUpstream({
    error,
    isOpen: true,
    routes: {
      'POST /upload/v1/{id}': ({ params, ...request }) => {
        const [part] = partsOf(request);
        const bytes = part?.body ?? request.body;
        uploaded.set(params['id'] ?? '', bytes);
        return { body: `OK - ${bytes.length}` };
      },
    },
  });
  let fileCount = 0;
  const methods: Readonly<Record<string, (form: URLSearchParams, call: Call) => Answer>> = {
    'auth.test': () => ok({ user: 'ada', user_id: 'U1', team_id: 'T1' }),
    'conversations.list': (form) => pageOf(form, channels),
    'chat.postMessage': (form) => {
      const channel = channels.find(({ id }) => id === form.get('channel'));
      if (channel === undefined) return refused('channel_not_found');
      return ok({ channel: channel.id, ts: '1.000001', message: { text: form.get('text') } });
    },
    'users.setPhoto': (_form, call) => {
      const image = partsOf(call).find(({ headers }) =>
        headers['content-disposition']?.includes('name="image"'),
      );
      return image === undefined
        ? refused('no_image')
        : ok({ profile: { image_size: image.body.length } });
    },
    'files.getUploadURLExternal': () => {
      fileCount += 1;
      const id = `F${fileCount}`;
      return ok({ upload_url: `${files.url}/upload/v1/${id}`, file_id: id });
    },
    'files.completeUploadExternal': (form) => {
      const listed: unknown = JSON.parse(form.get('files') ?? '[]');
      if (!Array.isArray(listed)) return refused('invalid_arguments');
      const known = listed.map((file) => ({
        ...Object(file),
        size: uploaded.get(String(Object(file).id))?.length,
      }));
      return known.some(({ size }) => size === undefined)
        ? refused('file_not_found')
        : ok({ files: known });
    },
  };
  const upstream = await createUpstream(
    {
      error,
      routes: {
        'POST /api/{method}': (call) => {
          const method = methods[call.params['method'] ?? ''];
          return method === undefined ? refused('unknown_method') : method(formOf(call), call);
        },
      },
    },
    options,
  );
  return {
    ...upstream,
    files,
    reset() {
      upstream.reset();
      files.reset();
    },
    async stop() {
      await Promise.all([upstream.stop(), files.stop()]);
    },
  };
}

const common = { 'x-oauth-scopes': 'channels:read,chat:write', 'x-slack-req-id': 'r1' };

function ok(body: object): Answer {
  return { headers: common, body: { ok: true, ...body } };
}

function refused(code: string): Answer {
  return { headers: common, body: { ok: false, error: code } };
}

/** The cursor of the next page stands in `response_metadata`; it is empty on the last one. */
function pageOf(form: URLSearchParams, all: readonly unknown[]): Answer {
  const limit = Number(form.get('limit') ?? 100);
  const from = Number(Buffer.from(form.get('cursor') ?? '', 'base64').toString('utf8'));
  const next = from + limit < all.length ? String(from + limit) : '';
  return ok({
    channels: all.slice(from, from + limit),
    response_metadata: { next_cursor: Buffer.from(next).toString('base64') },
  });
}

/** Slack has no other statuses than 200 and 429, and says with 200 that it refuses a token. */
function error(status: number): Answer {
  if (status === 401) return refused('invalid_auth');
  const code = status === 429 ? 'ratelimited' : 'internal_error';
  return { ...refused(code), status };
}
