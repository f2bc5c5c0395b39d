import assert from 'node:assert/strict';
import { PassThroughClient, SecretManagerServiceClient } from '../../../functions/test/clients.ts';
import { type SecretManager, startSecretManager } from '../../secret-manager/secret-manager.ts';

const projectId = 'demo-stand-in';
const parent = `projects/${projectId}`;
const secret = `${parent}/secrets/keyring`;
const grpcCode = { notFound: 5, alreadyExists: 6, denied: 7, precondition: 9, unavailable: 14 };
const invalidArgument = 3;

describe('the Secret Manager stand-in, through the real client', () => {
  let standIn: SecretManager;
  let client: SecretManagerServiceClient;

  beforeEach(async () => {
    standIn = await startSecretManager({ port: 0, projectId });
    client = new SecretManagerServiceClient({
      fallback: true,
      protocol: 'http',
      apiEndpoint: '127.0.0.1',
      port: standIn.port,
      authClient: new PassThroughClient(),
      projectId,
    });
  });

  afterEach(async () => {
    await client.close();
    await standIn.stop();
  });

  const createSecret = () =>
    client.createSecret({
      parent,
      secretId: 'keyring',
      secret: { replication: { automatic: {} }, labels: { of: 'test' } },
    });
  const version = (id: number | string) => ({ name: `${secret}/versions/${id}` });
  const failsWith = (call: Promise<unknown>, code: number) => assert.rejects(call, { code });

  it('creates, gets, lists and deletes a secret', async () => {
    await createSecret();
    const [got] = await client.getSecret({ name: secret });
    assert.deepEqual(got.labels, { of: 'test' });
    assert.ok(got.replication?.automatic);
    const [listed] = await client.listSecrets({ parent });
    assert.deepEqual(
      listed.map(({ name }) => name),
      [got.name],
    );
    await client.deleteSecret({ name: secret });
    await failsWith(client.getSecret({ name: secret }), grpcCode.notFound);
  });

  it('gives back every version by number and the newest as latest', async () => {
    await createSecret();
    await client.addSecretVersion({ parent: secret, payload: { data: Buffer.from([0, 255, 1]) } });
    standIn.addSecretVersion('keyring', Buffer.from('second'));

    const [first] = await client.accessSecretVersion(version(1));
    assert.deepEqual(Buffer.from(first.payload?.data ?? ''), Buffer.from([0, 255, 1]));
    const [latest] = await client.accessSecretVersion(version('latest'));
    assert.equal(Buffer.from(latest.payload?.data ?? '').toString(), 'second');
    assert.match(latest.name ?? '', /\/secrets\/keyring\/versions\/2$/);
    assert.deepEqual(standIn.accessCounts(), { 'keyring/1': 1, 'keyring/2': 1 });
  });

  it('sends the CRC-32C of the payload and checks the one it is sent', async () => {
    await createSecret();
    // the check value of CRC-32C (RFC 3720)
    const data = Buffer.from('123456789');
    const [added] = await client.addSecretVersion({
      parent: secret,
      payload: { data, dataCrc32c: 0xe3069283 },
    });
    assert.equal(added.clientSpecifiedPayloadChecksum, true);
    const [answer] = await client.accessSecretVersion(version(1));
    assert.equal(Number(answer.payload?.dataCrc32c), 0xe3069283);
    const wrong = { parent: secret, payload: { data, dataCrc32c: 1 } };
    await failsWith(client.addSecretVersion(wrong), invalidArgument);
  });

  it('refuses a disabled version, also as latest, until it is enabled again', async () => {
    standIn.addSecretVersion('keyring', Buffer.from('one'));
    standIn.addSecretVersion('keyring', Buffer.from('two'));
    const [disabled] = await client.disableSecretVersion(version(2));
    assert.equal(disabled.state, 'DISABLED');
    await failsWith(client.accessSecretVersion(version(2)), grpcCode.precondition);
    await failsWith(client.accessSecretVersion(version('latest')), grpcCode.precondition);
    await client.enableSecretVersion(version(2));
    await client.accessSecretVersion(version('latest'));
    assert.deepEqual(standIn.accessCounts(), { 'keyring/2': 1 });
  });

  it('destroys a version for good', async () => {
    standIn.addSecretVersion('keyring', Buffer.from('one'));
    const [destroyed] = await client.destroySecretVersion(version(1));
    assert.equal(destroyed.state, 'DESTROYED');
    assert.ok(destroyed.destroyTime);
    await failsWith(client.accessSecretVersion(version(1)), grpcCode.precondition);
    await failsWith(client.enableSecretVersion(version(1)), grpcCode.precondition);
  });

  it('lists versions newest first, by page and by filter', async () => {
    for (const payload of ['1', '2', '3', '4']) {
      standIn.addSecretVersion('keyring', Buffer.from(payload));
    }
    await client.disableSecretVersion(version(4));
    await client.destroySecretVersion(version(1));
    const numbers = async (filter: string) => {
      const [versions] = await client.listSecretVersions({ parent: secret, filter });
      return versions.map(({ name }) => Number(name?.split('/').at(-1)));
    };
    assert.deepEqual(await numbers(''), [4, 3, 2, 1]);
    assert.deepEqual(await numbers('state:ENABLED'), [3, 2]);
    assert.deepEqual(await numbers('state=DISABLED OR state=DESTROYED'), [4, 1]);
    assert.deepEqual(await numbers('NOT state:DESTROYED AND -state:DISABLED'), [3, 2]);
    assert.deepEqual(await numbers('create_time>2020-01-01T00:00:00Z'), [4, 3, 2, 1]);
    await assert.rejects(numbers('colour:red'), { code: invalidArgument });
    const request = { parent: secret, filter: 'state:ENABLED', pageSize: 1 };
    const [first, next] = await client.listSecretVersions(request, { autoPaginate: false });
    assert.deepEqual(
      first.map(({ name, state }) => [name?.split('/').at(-1), state]),
      [['3', 'ENABLED']],
    );
    const [second, end] = await client.listSecretVersions(next ?? {}, { autoPaginate: false });
    assert.match(second[0]?.name ?? '', /\/2$/);
    assert.equal(end, null);
  });

  it('answers what is missing, doubled, foreign or too large with the codes of the API', async () => {
    await createSecret();
    const add = (bytes: number) =>
      client.addSecretVersion({ parent: secret, payload: { data: Buffer.alloc(bytes, 1) } });
    await failsWith(createSecret(), grpcCode.alreadyExists);
    await failsWith(client.accessSecretVersion(version('latest')), grpcCode.notFound);
    await add(65_536);
    await failsWith(add(65_537), invalidArgument);
    await failsWith(client.accessSecretVersion(version(2)), grpcCode.notFound);
    const foreign = { name: 'projects/another/secrets/keyring/versions/1' };
    await failsWith(client.accessSecretVersion(foreign), grpcCode.denied);
  });

  it('is unavailable while told to be', async () => {
    standIn.addSecretVersion('keyring', Buffer.from('one'));
    standIn.setUnavailable(true);
    await failsWith(client.getSecret({ name: secret }), grpcCode.unavailable);
    standIn.setUnavailable(false);
    await client.getSecret({ name: secret });
  });

  it('can be told so, and asked for its counts, by another process', async () => {
    const control = (method: string, path: string, body?: unknown) =>
      fetch(`${standIn.url}/sandbox${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }).then((response) => response.json());
    standIn.addSecretVersion('keyring', Buffer.from('one'));
    await client.accessSecretVersion(version('latest'));
    assert.deepEqual(await control('GET', '/access-counts'), { 'keyring/1': 1 });
    await control('PATCH', '/settings', { unavailable: true });
    await failsWith(client.getSecret({ name: secret }), grpcCode.unavailable);
    await control('PATCH', '/settings', { unavailable: false });
    await client.getSecret({ name: secret });
    assert.deepEqual(await control('DELETE', '/access-counts'), {});
    assert.deepEqual(standIn.accessCounts(), {});
  });
});
