import assert from 'node:assert/strict';
import { Octokit, RequestError } from 'octokit';
import type { ProxyAccess } from '../../../../client/src/proxy-fetch.ts';
import { githubOf } from '../../../../examples/sdks/octokit.ts';
import { connectTo } from './connected.ts';

/** Octokit spares GitHub: it waits between writes, and before it asks again. */
const atOnce = { throttle: { enabled: false }, retry: { enabled: false } };

const here = { owner: 'ada', repo: 'engine' };

describe('Octokit through the proxy', function () {
  this.timeout(30_000);
  const github = connectTo('github');
  let octokit: Octokit;
  beforeEach(() => {
    octokit = githubOf(github, atOnce);
  });
  const tokenRequests = () => github.provider.counters().tokenRequests.total;
  const refusalOf = async (work: Promise<unknown>) => {
    const error: unknown = await work.then(
      () => assert.fail('not refused'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof RequestError, String(error));
    return error;
  };

  it('reads with the token of the connection', async () => {
    const { data } = await octokit.rest.users.getAuthenticated();
    assert.equal(data.login, 'octocat');
    const [request] = github.requests();
    assert.equal(request?.headers.authorization, `Bearer ${await github.accessToken()}`);
  });

  it('needs nothing but a base URL and an ID token', async () => {
    const plain = new Octokit({ baseUrl: github.proxy, auth: await github.token() });
    assert.equal((await plain.rest.users.getAuthenticated()).data.login, 'octocat');
  });

  it('acts for a user where a service uses it', async () => {
    const service = githubOf(await github.asService(), atOnce);
    assert.equal((await service.rest.users.getAuthenticated()).data.login, 'octocat');
    const [request] = github.requests();
    assert.equal(request?.headers.authorization, `Bearer ${await github.accessToken()}`);
  });

  it('sends what GitHub asks for', async () => {
    const work = async (access: ProxyAccess) => {
      const headers = { 'x-github-api-version': '2022-11-28' };
      await githubOf(access, atOnce).rest.issues.create({ ...here, title: 'A', headers });
    };
    assert.deepEqual(await github.headersOf(work), {
      sent: ['accept', 'accept-language', 'content-type', 'user-agent', 'x-github-api-version'],
      lost: ['sec-fetch-mode'],
    });
  });

  it('follows the header Link through all pages', async () => {
    const issues = await octokit.paginate(octokit.rest.issues.listForRepo, {
      ...here,
      per_page: 10,
      state: 'all',
    });
    const count = issues.length;
    assert.ok(count >= 25);
    assert.equal(new Set(issues.map(({ number }) => number)).size, count);
    assert.equal(github.requests().length, Math.ceil(count / 10));
  });

  it('writes', async () => {
    const { status, data } = await octokit.rest.issues.create({ ...here, title: 'Ein Fehler: ü' });
    assert.deepEqual([status, data.title], [201, 'Ein Fehler: ü']);
  });

  it('puts and gets files in folders, whose path it sends as one segment (%2F)', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const path = 'docs/a b/image.png';
    const content = bytes.toString('base64');
    const put = await octokit.rest.repos.createOrUpdateFileContents({
      ...here,
      path,
      message: 'Add an image',
      content,
    });
    assert.deepEqual([put.status, put.data.content?.path], [201, path]);
    const { data } = await octokit.rest.repos.getContent({ ...here, path });
    assert.ok('content' in data && data.content === content);
    assert.match(github.requests()[0]?.path ?? '', /docs%2Fa%20b%2Fimage\.png$/);
  });

  it('downloads bytes as they are', async () => {
    const mediaType = { format: 'raw' };
    const { data } = await octokit.rest.repos.getContent({
      ...here,
      path: 'docs/read me.md',
      mediaType,
    });
    assert.equal(Buffer.from(Object(data)).toString('utf8'), '# Read me\n');
  });

  it('uploads a body that is no JSON', async () => {
    const { data } = await octokit.rest.markdown.renderRaw({
      data: 'Ein *Fehler*: ü',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    });
    assert.equal(data, '<p>Ein *Fehler*: ü</p>\n');
  });

  it('asks again only for what was modified', async () => {
    const file = { ...here, path: 'docs/read me.md' };
    const { headers } = await octokit.rest.repos.getContent(file);
    const again = { ...file, headers: { 'if-none-match': headers.etag } };
    assert.equal((await refusalOf(octokit.rest.repos.getContent(again))).status, 304);
  });

  it("has GitHub's errors as its own", async () => {
    const missing = await refusalOf(octokit.rest.repos.getContent({ ...here, path: 'no' }));
    assert.equal(missing.status, 404);
    assert.match(missing.message, /^Not Found/);
    const invalid = await refusalOf(octokit.request('POST /repos/ada/engine/issues'));
    assert.equal(invalid.status, 422);
    assert.match(invalid.message, /Validation Failed.*missing_field/);
    assert.equal(missing.response?.headers['x-ratelimit-remaining'], '4999');
  });

  it('has what the vault says as an error of its own, with its code', async () => {
    const proxy = github.proxy.replace(/[^/]+\/proxy$/, `${'A'.repeat(22)}/proxy`);
    const other = githubOf({ proxy, token: github.token }, atOnce);
    const { status, response } = await refusalOf(other.rest.users.getAuthenticated());
    assert.equal(status, 404);
    assert.equal(JSON.parse(String(response?.data)).code, 'connection_not_found');
  });

  it('notices nothing of an access token that expires', async () => {
    await octokit.rest.users.getAuthenticated();
    github.provider.expireAccessTokens();
    await octokit.rest.issues.create({ ...here, title: 'After' });
    assert.equal(tokenRequests(), 1);
    assert.deepEqual(
      github.requests().map(({ method }) => method),
      ['GET', 'POST', 'POST'],
    );
  });

  it('waits as long as Retry-After says, and asks again', async () => {
    const throttle = {
      fallbackSecondaryRateRetryAfter: 0,
      retryAfterBaseValue: 10,
      onRateLimit: () => true,
      onSecondaryRateLimit: (retryAfter: number) => retryAfter === 1,
    };
    const patient = githubOf(await github.anew(), { throttle });
    github.upstream.addFault({ status: 429, headers: { 'retry-after': '1' } });
    assert.equal((await patient.rest.users.getAuthenticated()).data.login, 'octocat');
    assert.equal(github.requests().length, 2);
  });
});
