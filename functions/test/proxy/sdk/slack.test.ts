import assert from 'node:assert/strict';
import { ErrorCode, LogLevel, WebClient, type WebClientOptions } from '@slack/web-api';
import type { ProxyAccess } from '../../../../client/src/proxy-fetch.ts';
import { slackOf } from '../../../../examples/sdks/slack.ts';
import { connectTo } from './connected.ts';

const quiet: WebClientOptions = { logLevel: LogLevel.ERROR };

describe("Slack's Web API client through the proxy", function () {
  this.timeout(30_000);
  const slack = connectTo('slack');
  let client: WebClient;
  beforeEach(() => {
    client = slackOf(slack, quiet);
  });

  it('reads with the token of the connection', async () => {
    const { user, response_metadata: metadata } = await client.auth.test();
    assert.equal(user, 'ada');
    assert.deepEqual(metadata?.scopes, ['channels:read', 'chat:write']);
    const [request] = slack.requests();
    assert.equal(request?.headers.authorization, `Bearer ${await slack.accessToken()}`);
    assert.equal(request?.headers['content-type'], 'application/x-www-form-urlencoded');
    assert.match(request?.headers['user-agent'] ?? '', /^@slack:web-api\//);
  });

  it('needs nothing but a base URL and an ID token', async () => {
    const plain = new WebClient(await slack.token(), { ...quiet, slackApiUrl: slack.proxy });
    assert.equal((await plain.auth.test()).user, 'ada');
  });

  it('follows the cursor through all pages', async () => {
    const names: string[] = [];
    for await (const page of client.paginate('conversations.list', { limit: 10 })) {
      const { channels }: { channels?: readonly { readonly name: string }[] } = Object(page);
      names.push(...(channels ?? []).map(({ name }) => name));
    }
    assert.deepEqual([names.length, names.at(-1)], [23, 'channel-23']);
    assert.equal(slack.requests().length, 3);
  });

  it('writes', async () => {
    const { message } = await client.chat.postMessage({ channel: 'C1', text: 'Grüße & mehr' });
    assert.equal(message?.text, 'Grüße & mehr');
  });

  it('uploads an image as multipart', async () => {
    const image = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const { profile } = await client.users.setPhoto({ image });
    assert.equal(Object(profile).image_size, 256);
    assert.match(slack.requests()[0]?.headers['content-type'] ?? '', /^multipart\/form-data; b/);
  });

  it('uploads a file to where Slack says, and takes no credential there', async () => {
    const file = Buffer.from('one, two\n');
    const { files } = await client.filesUploadV2({ file, filename: 'list.csv', channel_id: 'C1' });
    assert.equal(files.length, 1);
    const uploads = slack.upstream.files.requests();
    assert.equal(uploads.length, 1);
    assert.equal(uploads[0]?.headers.authorization, undefined);
    assert.ok(uploads[0]?.body.includes('one, two\n'));
  });

  it('sends what Slack asks for', async () => {
    const work = (access: ProxyAccess) =>
      slackOf(access, quiet).chat.postMessage({ channel: 'C1', text: 'A' });
    assert.deepEqual(await slack.headersOf(work), {
      sent: ['accept', 'accept-language', 'content-type', 'user-agent'],
      lost: ['sec-fetch-mode'],
    });
  });

  it("has Slack's errors, which come with status 200, as its own", async () => {
    await assert.rejects(client.chat.postMessage({ channel: 'none', text: 'x' }), {
      code: ErrorCode.PlatformError,
      message: 'An API error occurred: channel_not_found',
    });
  });

  it('is told of a token that Slack refuses as Slack tells it, with status 200', async () => {
    slack.upstream.addFault({ status: 401 });
    const message = 'An API error occurred: invalid_auth';
    await assert.rejects(client.auth.test(), { code: ErrorCode.PlatformError, message });
  });

  it('has other errors as its own, with their status', async () => {
    slack.upstream.addFault({ status: 500 });
    await assert.rejects(client.auth.test(), { code: ErrorCode.HTTPError, statusCode: 500 });
    const rejecting = slackOf(await slack.anew(), { ...quiet, rejectRateLimitedCalls: true });
    slack.upstream.addFault({ status: 429, headers: { 'retry-after': '7' } });
    await assert.rejects(rejecting.auth.test(), {
      code: ErrorCode.RateLimitedError,
      retryAfter: 7,
    });
  });

  it('waits as long as Retry-After says, and asks again', async () => {
    const patient = await slack.anew();
    slack.upstream.addFault({ status: 429, headers: { 'retry-after': '1' } });
    const retryConfig = { retries: 2, minTimeout: 0 };
    assert.equal((await slackOf(patient, { ...quiet, retryConfig }).auth.test()).user, 'ada');
    assert.equal(slack.requests().length, 2);
  });
});
