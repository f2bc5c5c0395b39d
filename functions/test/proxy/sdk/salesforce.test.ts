import assert from 'node:assert/strict';
import { Connection } from 'jsforce';
import type { ProxyAccess } from '../../../../client/src/proxy-fetch.ts';
import { salesforceOf } from '../../../../examples/sdks/salesforce.ts';
import { connectTo } from './connected.ts';

describe('jsforce through the proxy', function () {
  this.timeout(30_000);
  const salesforce = connectTo('salesforce');
  let org: Connection;
  beforeEach(async () => {
    org = await salesforceOf(salesforce);
  });

  it('reads from the org that the token answer named, with the token of the connection', async () => {
    const { Name } = await org.sobject('Account').retrieve('0011');
    assert.equal(Name, 'Account 1');
    const [request] = salesforce.requests();
    assert.equal(request?.headers.authorization, `Bearer ${await salesforce.accessToken()}`);
  });

  it('follows nextRecordsUrl through all pages', async () => {
    const query = 'SELECT Id, Name FROM Account';
    const { records } = await org.query(query, { autoFetch: true, maxFetch: 1_000 });
    assert.ok(records.length >= 23);
    assert.equal(new Set(records.map(({ Id }) => Id)).size, records.length);
    assert.equal(salesforce.requests().length, Math.ceil(records.length / 10));
  });

  it('writes and changes, with its call options', async () => {
    const callOptions = { client: 'Strongroom/Test', defaultNamespace: 'ns' };
    const { instanceUrl, accessToken } = org;
    const other = new Connection({ instanceUrl, accessToken: accessToken ?? '', callOptions });
    const { id, success } = await other.sobject('Account').create({ Name: 'Büro' });
    assert.ok(success && id !== undefined);
    await other.sobject('Account').update({ Id: id, Name: 'Büro & Co' });
    assert.equal((await org.sobject('Account').retrieve(id))['Name'], 'Büro & Co');
    const [request] = salesforce.requests();
    const sent = 'client=Strongroom/Test, defaultNamespace=ns';
    assert.equal(request?.headers['sforce-call-options'], sent);
  });

  it('sends what Salesforce asks for', async () => {
    const work = async (access: ProxyAccess) => {
      const { instanceUrl, accessToken } = await salesforceOf(access);
      const callOptions = { client: 'Strongroom/Test' };
      const one = new Connection({ instanceUrl, accessToken: accessToken ?? '', callOptions });
      await one.sobject('Account').create({ Name: 'A' });
    };
    assert.deepEqual(await salesforce.headersOf(work), {
      sent: ['accept', 'accept-language', 'content-type', 'sforce-call-options', 'user-agent'],
      lost: ['sec-fetch-mode'],
    });
  });

  it('uploads a file as multipart, and downloads it', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const content = org.sobject('ContentVersion');
    const record = { PathOnClient: 'image.png', VersionData: bytes };
    const { id } = await content.create(record, {
      multipartFileFields: { VersionData: { filename: 'image.png', contentType: 'image/png' } },
    });
    assert.ok(id !== undefined);
    const blob = content.record(id).blob('VersionData');
    const chunks: Buffer[] = [];
    for await (const chunk of blob) chunks.push(Buffer.from(chunk));
    assert.deepEqual(Buffer.concat(chunks), bytes);
  });

  it("has Salesforce's errors as its own", async () => {
    await assert.rejects(org.sobject('Account').retrieve('none'), {
      errorCode: 'NOT_FOUND',
      message: 'The requested resource does not exist',
    });
    await assert.rejects(org.sobject('Account').create({}), { name: 'REQUIRED_FIELD_MISSING' });
  });

  it('knows how much of the quota is spent', async () => {
    await org.sobject('Account').retrieve('0011');
    assert.deepEqual(org.limitInfo.apiUsage, { used: 18, limit: 5_000 });
  });

  it('asks again where the org cannot answer now', async () => {
    salesforce.upstream.addFault({ status: 500 });
    assert.equal((await org.sobject('Account').retrieve('0011'))['Name'], 'Account 1');
    assert.equal(salesforce.requests().length, 2);
  });

  it('notices nothing of an access token that expires', async () => {
    await org.sobject('Account').retrieve('0011');
    salesforce.provider.expireAccessTokens();
    assert.ok((await org.sobject('Account').create({ Name: 'After' })).success);
    assert.equal(salesforce.provider.counters().tokenRequests.total, 1);
  });

  it('gets another ID token where its own is over', async () => {
    const tokens = ['over', await salesforce.token()];
    const token = async () => tokens.shift() ?? assert.fail('asked too often');
    const late = await salesforceOf({ proxy: salesforce.proxy, token });
    assert.equal((await late.sobject('Account').retrieve('0011'))['Name'], 'Account 1');
  });

  it('ends where it is not the ID token that is refused', async () => {
    const other = await salesforceOf(await salesforce.anew());
    salesforce.upstream.addFault({ status: 401, times: 100 });
    await assert.rejects(other.sobject('Account').retrieve('0011'), {
      message: /Salesforce refuses this connection/,
    });
    assert.ok(salesforce.requests().length <= 3);
  });
});
