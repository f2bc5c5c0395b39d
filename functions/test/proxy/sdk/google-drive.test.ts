import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { auth, type drive_v3, drive as newDrive } from '@googleapis/drive';
import type { ProxyAccess } from '../../../../client/src/proxy-fetch.ts';
import { driveOf } from '../../../../examples/sdks/google-drive.ts';
import { connectTo } from './connected.ts';

const fields = 'id,name,size,md5Checksum';
const md5Of = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

describe("Google Drive's client through the proxy", function () {
  this.timeout(30_000);
  const google = connectTo('google-drive');
  let drive: drive_v3.Drive;
  beforeEach(() => {
    drive = driveOf(google);
  });

  /** Google's own auth client, which asks for another ID token when its own is over. */
  const newClient = () => {
    const client = new auth.OAuth2();
    client.refreshHandler = async () => ({
      access_token: await google.token(),
      expiry_date: Date.now() + 3_600_000,
    });
    return client;
  };

  it('reads with the token of the connection', async () => {
    const { data } = await drive.about.get({ fields: 'user' });
    assert.equal(data.user?.displayName, 'Ada');
    const [request] = google.requests();
    assert.equal(request?.headers.authorization, `Bearer ${await google.accessToken()}`);
    assert.match(String(request?.headers['x-goog-api-client']), /^gdcl\//);
    assert.match(request?.headers['user-agent'] ?? '', /google-api-nodejs-client/);
  });

  it("needs nothing but a call's root URL and Google's own auth client", async () => {
    const plain = newDrive({ version: 'v3', auth: newClient() });
    const { data } = await plain.files.create(
      { requestBody: { name: 'Plain' }, media: { body: 'text' } },
      { rootUrl: `${google.proxy}/` },
    );
    assert.equal(data.name, 'Plain');
  });

  it('follows the page tokens to the end', async () => {
    const names: unknown[] = [];
    let pageToken: string | undefined;
    do {
      const page = { pageSize: 10, ...(pageToken !== undefined && { pageToken }) };
      const { data } = await drive.files.list(page);
      names.push(...(data.files ?? []).map(({ name }) => name));
      pageToken = data.nextPageToken ?? undefined;
    } while (pageToken !== undefined);
    assert.ok(names.length >= 23);
    assert.equal(google.requests().length, Math.ceil(names.length / 10));
  });

  it('writes', async () => {
    const { data } = await drive.files.create({ requestBody: { name: 'Entwürfe' } });
    assert.equal(data.name, 'Entwürfe');
  });

  it('uploads a stream as multipart, and downloads it as a stream', async () => {
    const bytes = randomBytes(100_000);
    const { data } = await drive.files.create({
      requestBody: { name: 'noise.bin' },
      media: { mimeType: 'application/octet-stream', body: Readable.from([bytes]) },
      fields,
    });
    assert.deepEqual([data.name, data.md5Checksum], ['noise.bin', md5Of(bytes)]);
    const fileId = data.id ?? '';
    const stream = await drive.files.get({ fileId, alt: 'media' }, { responseType: 'stream' });
    assert.deepEqual(await buffer(stream.data), bytes);
  });

  it('downloads the range that is asked for', async () => {
    const { status, data, headers } = await drive.files.get(
      { fileId: 'file-1', alt: 'media' },
      { responseType: 'text', headers: { range: 'bytes=0-6' } },
    );
    assert.deepEqual([status, data], [206, 'Content']);
    assert.match(headers['content-range'] ?? '', /^bytes 0-6\//);
  });

  it('uploads in pieces to the session that Location names, which is at the proxy', async () => {
    const bytes = randomBytes(3 * 262_144);
    const client = newClient();
    const begun = await client.request({
      url: `${google.proxy}/upload/drive/v3/files?uploadType=resumable`,
      method: 'POST',
      headers: { 'x-upload-content-type': 'image/png' },
      data: { name: 'large.png' },
    });
    const session = new Headers(begun.headers).get('location') ?? '';
    assert.ok(session.startsWith(`${google.proxy}/upload/`), session);

    const piece = 262_144 * 2;
    const put = (data: Buffer | undefined, range: string) =>
      client.request<{ md5Checksum?: string; mimeType?: string }>({
        url: session,
        method: 'PUT',
        headers: { 'content-range': `bytes ${range}/${bytes.length}` },
        ...(data && { data }),
        validateStatus: (status) => status === 200 || status === 308,
      });
    const first = await put(bytes.subarray(0, piece), `0-${piece - 1}`);
    assert.equal(first.status, 308);
    const asked = await put(undefined, '*');
    assert.equal(new Headers(asked.headers).get('range'), `bytes=0-${piece - 1}`);
    const last = await put(bytes.subarray(piece), `${piece}-${bytes.length - 1}`);
    assert.equal(last.status, 200);
    assert.deepEqual([last.data.md5Checksum, last.data.mimeType], [md5Of(bytes), 'image/png']);
  });

  it('sends what Google asks for', async () => {
    const work = async (access: ProxyAccess) => {
      const media = { mimeType: 'text/plain', body: 'text' };
      await driveOf(access).files.create({ requestBody: { name: 'A' }, media });
    };
    assert.deepEqual(await google.headersOf(work), {
      sent: ['accept', 'accept-language', 'content-type', 'user-agent', 'x-goog-api-client'],
      lost: ['sec-fetch-mode'],
    });
  });

  it("has Google's errors as its own", async () => {
    const error: unknown = await drive.files.get({ fileId: 'none' }).catch((reason) => reason);
    assert.ok(error instanceof Error && error.constructor.name === 'GaxiosError', String(error));
    assert.deepEqual([Object(error).status, error.message], [404, 'File not found: .']);
  });

  it('asks again where Google says that it is too much', async () => {
    google.upstream.addFault({ status: 429, headers: { 'retry-after': '0' } });
    assert.equal((await drive.files.get({ fileId: 'file-1' })).data.name, 'File 1');
    assert.equal(google.requests().length, 2);
  });

  it('notices nothing of an access token that expires', async () => {
    await drive.files.get({ fileId: 'file-1' });
    google.provider.expireAccessTokens();
    const { data } = await drive.files.create({ requestBody: { name: 'After' } });
    assert.equal(data.name, 'After');
    assert.equal(google.provider.counters().tokenRequests.total, 1);
  });
});
