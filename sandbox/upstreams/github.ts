import {
  type Answer,
  type Call,
  createUpstream,
  digestOf,
  jsonOf,
  type Upstream,
  type UpstreamOptions,
} from './upstream.ts';

/** How many issues the repository has to begin with. */
const firstIssues = 25;

/** Has the shape of GitHub's REST API: https://docs.github.com/rest */
export function startGithub(options?: UpstreamOptions): Promise<Upstream> {
  const issues = Array.from({ length: firstIssues }, (_, i) => issueOf(i + 1, `Issue ${i + 1}`));
  const files = new Map<string, Buffer>([['docs/read me.md', Buffer.from('# Read me\n')]]);
  return createUpstream(
    {
      error,
      routes: {
        'GET /user': () => ok({ login: 'octocat', id: 1, type: 'User' }),
        'GET /repos/{owner}/{repo}/issues': (call) => pageOf(call, issues),
        'POST /repos/{owner}/{repo}/issues': (call) => {
          const { title } = jsonOf(call);
          if (typeof title !== 'string') return unprocessable('title');
          const issue = issueOf(issues.length + 1, title);
          issues.push(issue);
          return { ...ok(issue), status: 201 };
        },
        'GET /repos/{owner}/{repo}/contents/{+path}': (call) => contentOf(call, files),
        'PUT /repos/{owner}/{repo}/contents/{+path}': (call) => {
          const { content, message } = jsonOf(call);
          if (typeof content !== 'string' || typeof message !== 'string') {
            return unprocessable('content');
          }
          const path = call.params['path'] ?? '';
          files.set(path, Buffer.from(content, 'base64'));
          return { ...ok({ content: { path }, commit: { message } }), status: 201 };
        },
        'POST /markdown/raw': ({ body }) => ({
          headers: { ...common, 'content-type': 'text/html;charset=utf-8' },
          body: `<p>${body.toString('utf8')}</p>\n`,
        }),
      },
    },
    options,
  );
}

const common = {
  'x-github-media-type': 'github.v3; format=json',
  'x-ratelimit-limit': '5000',
  'x-ratelimit-remaining': '4999',
  'x-oauth-scopes': 'repo',
  'x-github-request-id': 'C0DE:1',
};

function ok(body: unknown): Answer {
  return { headers: { ...common, etag: `"${digestOf(JSON.stringify(body))}"` }, body };
}

function issueOf(number: number, title: string) {
  return { id: 1_000 + number, number, title, state: 'open' };
}

/** The header `Link` names the other pages by their whole address. */
function pageOf({ query, path, baseUrl }: Call, all: readonly unknown[]): Answer {
  const size = Math.min(Number(query.get('per_page') ?? 30), 100);
  const page = Number(query.get('page') ?? 1);
  const last = Math.ceil(all.length / size);
  const linkTo = (to: number, rel: string) => {
    const other = new URLSearchParams(query);
    other.set('page', String(to));
    return `<${baseUrl}${path}?${other}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [linkTo(page - 1, 'prev'), linkTo(1, 'first')] : []),
    ...(page < last ? [linkTo(page + 1, 'next'), linkTo(last, 'last')] : []),
  ];
  const answer = ok(all.slice((page - 1) * size, page * size));
  return links.length === 0
    ? answer
    : { ...answer, headers: { ...answer.headers, link: links.join(', ') } };
}

function contentOf({ params, headers }: Call, files: ReadonlyMap<string, Buffer>): Answer {
  const { path = '' } = params;
  const bytes = files.get(path);
  if (bytes === undefined) return error(404);
  if (headers.accept?.includes('.raw') === true) {
    return { headers: { ...common, 'content-type': 'application/octet-stream' }, body: bytes };
  }
  const answer = ok({
    type: 'file',
    encoding: 'base64',
    path,
    size: bytes.length,
    content: bytes.toString('base64'),
  });
  // Not modified costs nobody's quota.
  return headers['if-none-match'] === answer.headers?.['etag']
    ? { status: 304, headers: common }
    : answer;
}

const messages: Readonly<Record<number, string>> = {
  401: 'Bad credentials',
  404: 'Not Found',
  429: 'API rate limit exceeded',
};

function error(status: number): Answer {
  const message = messages[status] ?? 'Server Error';
  const body = { message, documentation_url: 'https://docs.github.com/rest', status: `${status}` };
  return { status, headers: common, body };
}

function unprocessable(field: string): Answer {
  const errors = [{ resource: 'Issue', field, code: 'missing_field' }];
  const answer = error(422);
  return { ...answer, body: { ...Object(answer.body), message: 'Validation Failed', errors } };
}
