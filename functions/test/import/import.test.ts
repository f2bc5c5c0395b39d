import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Timestamp } from 'firebase-admin/firestore';
import { stack } from '../../../sandbox/test/stack.ts';
import { createSecretReader } from '../../src/platform/secret-manager.ts';
import { openTokenSet } from '../../src/refresh/sealed-token-set.ts';
import { createKeyring } from '../../src/vault/keyring.ts';
import { createSealer } from '../../src/vault/seal.ts';
import type { Firestore } from '../clients.ts';
import { recordsIn } from '../harness/audit.ts';
import { openDatabase } from '../harness/database.ts';
import { refuses } from '../harness/errors.ts';
import { createWorld, type World } from '../harness/world.ts';
import { importing, makeUsers } from './importing.ts';

/** Ten pages of `import.ts`. */
const many = 1_400;
const mark = 'marked-secret';
const users = Array.from({ length: 50 }, (_, n) => `user-${n}`);

describe('npm run import', function () {
  this.timeout(180_000);
  let world: World;
  let db: Firestore;
  let folder: string;
  let run: ReturnType<typeof importing>;
  before(async () => {
    world = await createWorld();
    db = openDatabase(`127.0.0.1:${stack.ports.firestore}`, world.projectId);
    folder = await mkdtemp(join(tmpdir(), 'import-'));
    run = importing(world, folder);
    await makeUsers(world.projectId, ['ada', 'grace', ...users]);
  });
  after(async () => {
    await db.terminate();
    await world.stop();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => world.reset());

  const lineOf = (n: number) => ({
    uid: users[n % users.length],
    provider: 'sandbox',
    accessToken: `${mark}-access-${n}`,
    refreshToken: `${mark}-refresh-${n}`,
    idToken: `${mark}-id-${n}`,
    account: { subject: `account-${n}` },
    scopes: ['openid'],
    expiresAt: '2100-01-01T00:00:00Z',
  });
  const fileOf = async (lines: readonly unknown[]) => {
    const file = join(folder, 'tokens.jsonl');
    await writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return file;
  };
  const manyLines = Array.from({ length: many }, (_, n) => lineOf(n));
  /** The vault's documents by id, and when each was last written. */
  const written = async () => {
    const { docs } = await db.collection('strongroomVault').get();
    return new Map(docs.map(({ id, updateTime }) => [id, `${updateTime.valueOf()}`]));
  };
  const shown = async () => (await db.collectionGroup('connections').get()).size;
  /** Sends a signal while the sixth page is on its way; four are at once. */
  const hitting = (signal: NodeJS.Signals) => (child: ChildProcess) => {
    let commits = 0;
    world.meter.setIntercept(({ operation }) => {
      if (operation.name === 'commit') commits += 1;
      if (commits === 6) child.kill(signal);
      return undefined;
    });
  };

  for (const [signal, end] of [
    ['SIGKILL', 'SIGKILL'],
    ['SIGINT', 130],
  ] as const) {
    it(`that ${signal} has ended is finished by another run, every connection once; a third changes nothing`, async () => {
      const file = await fileOf(manyLines);
      const first = await run(['--from', file], { begun: hitting(signal) });
      world.meter.setIntercept(undefined);
      assert.equal(first.end, end, first.stderr);
      const before = await written();
      assert.ok(before.size > 0 && before.size < many, `${before.size} written`);
      if (signal === 'SIGINT') assert.match(first.stderr, /Interrupted.* Run it again/s);
      // Nothing of the spool outlives the process.
      assert.deepEqual((await readdir(folder)).sort(), ['sandbox.json', 'tokens.jsonl']);

      const second = await run(['--from', file]);
      assert.equal(second.end, 0, second.stderr);
      const told = /\. (\d+) imported, (\d+) were there already/.exec(second.stderr);
      const [imported, existing] = [Number(told?.[1]), Number(told?.[2])];
      assert.ok(imported > 0 && existing >= before.size, second.stderr);
      assert.equal(imported + existing, many);
      const after = await written();
      assert.deepEqual([after.size, await shown()], [many, many]);
      for (const [id, at] of before) assert.equal(after.get(id), at);

      const third = await run(['--from', '-'], {
        input: manyLines.map((line) => JSON.stringify(line)).join('\n'),
      });
      assert.match(third.stderr, new RegExp(` 0 imported, ${many} were there already`));
      assert.deepEqual(await written(), after);
    });
  }

  const wrong = [
    lineOf(0),
    { ...lineOf(1), uid: 'nobody' },
    { ...lineOf(2), provider: 'elsewhere' },
    lineOf(0),
    { ...lineOf(3), [mark]: mark },
    lineOf(4),
  ];
  const reasons = [
    'line 2: uid: is that of no user',
    'line 3: provider: is not in the settings; npm run providers -- list',
    'line 4: (line): is the same connection as line 1',
  ];

  it('writes nothing where a line is refused, and says of each why, and nothing of it', async () => {
    const { end, stdout, stderr } = await run(['--from', await fileOf(wrong)]);
    assert.equal(end, 1);
    for (const reason of reasons) assert.ok(stdout.includes(`${reason}\n`), stdout);
    assert.match(stdout, /^line 5: \(line\): has an unknown field/m);
    assert.equal(stdout.trim().split('\n').length, 4);
    assert.match(stderr, /6 read, 2 fit, 4 refused\. Nothing was written\..*--skip-refused/);
    assert.doesNotMatch(stdout + stderr, new RegExp(mark));
    assert.equal((await written()).size, 0);
  });

  it('writes the others with --skip-refused, and none in a dry run', async () => {
    const file = await fileOf(wrong);
    const dry = await run(['--from', file, '--skip-refused', '--dry-run']);
    assert.match(dry.stderr, /2 fit, 4 refused\. Nothing was written\.$/m);
    assert.equal((await written()).size, 0);
    const { end, stderr } = await run(['--from', file, '--skip-refused', '--skip-user-check']);
    assert.equal(end, 0);
    assert.match(stderr, /3 fit, 3 refused\. 3 imported/);
    assert.equal((await written()).size, 3);
  });

  it('never takes another’s connection for the one that a line names', async () => {
    const { id } = await world.connect('ada');
    const before = await written();
    const line = { ...lineOf(1), uid: 'grace', connectionId: id };
    const { end, stdout } = await run(['--from', await fileOf([line])]);
    assert.equal(end, 1);
    assert.equal(stdout, 'line 1: connectionId: is that of another connection\n');
    assert.deepEqual(await written(), before);
  });

  it('leaves nothing in clear in Firestore, nor in what it prints', async () => {
    const { stdout, stderr } = await run(['--from', await fileOf(manyLines.slice(0, 20))]);
    const documents = JSON.stringify(await world.documents());
    assert.match(documents, /account-19/);
    for (const form of [mark, Buffer.from(mark).toString('base64').slice(0, 12)]) {
      assert.ok(!documents.includes(form) && !(stdout + stderr).includes(form), form);
    }
  });

  it('says why a provider, a file or an option will not do', async () => {
    const refusals: readonly [args: string[], end: number, why: RegExp][] = [
      [[], 2, /--from is needed/],
      [['--from', join(folder, 'missing')], 1, /cannot be read \(ENOENT\)/],
      [['--from', 'x', '--format', 'csv'], 2, /Usage/],
      [['--from', 'x', '--collection', 'users'], 2, /takes no --collection/],
      [['--format', 'firestore', '--collection', 'users/ada'], 2, /path of a collection/],
      [
        ['--format', 'firestore', '--collection', 'users', '--map', 'token=t'],
        2,
        /fields of a line/,
      ],
      [['--from', 'x', '--token', mark], 2, /never an argument/],
    ];
    for (const [args, end, why] of refusals) {
      const output = await run(args);
      assert.equal(output.end, end, output.stderr);
      assert.match(output.stderr, why);
      assert.doesNotMatch(output.stderr, new RegExp(`${mark}|at .*\\.ts:\\d`));
    }
  });

  describe('of grants that live', () => {
    /** Connects an account and takes its tokens out, as if another system had held them. */
    const taken = async (account: string) => {
      const { id } = await world.connect('grace', { account });
      const found = await world.store.readVault(id);
      assert.ok(found);
      const secrets = createSecretReader({
        mode: 'sandbox',
        projectId: world.projectId,
        secretManagerHost: `127.0.0.1:${world.secretManager.port}`,
      });
      const secretId = 'strongroom-keyring';
      const sealer = createSealer(createKeyring({ secrets, secretId, clock: world.clock }));
      const { accessToken, refreshToken } = await openTokenSet(sealer, found);
      await world.store.remove(found);
      return { uid: 'ada', provider: 'sandbox', accessToken, refreshToken };
    };
    const ids = async () => (await world.suite.list({ uid: 'ada' })).map(({ id }) => id);

    it('gives connections that are called, refreshed and disconnected as any other', async () => {
      const expiresAt = new Date(world.clock.now() + 300_000).toISOString();
      await run(['--from', await fileOf([{ ...(await taken('ada')), expiresAt }])]);
      const [id = ''] = await ids();
      assert.equal(await world.call('ada', id), 200);
      assert.equal((await world.vault(id)).generation, 1);
      world.clock.advance(301_000);
      assert.equal(await world.call('ada', id), 200);
      assert.equal((await world.vault(id)).generation, 2);
      assert.deepEqual(await world.suite.disconnect({ uid: 'ada' }, id), { revoked: true });
    });

    it('refreshes one that came without an access token at its first call', async () => {
      const { accessToken: _, ...line } = await taken('ada');
      await run(['--from', await fileOf([line])]);
      const [id = ''] = await ids();
      assert.equal(await world.call('ada', id), 200);
      assert.equal((await world.vault(id)).generation, 2);
    });

    it('revokes one that came without an access token and was never called', async () => {
      const { accessToken: _, ...line } = await taken('ada');
      await run(['--from', await fileOf([line])]);
      const [id = ''] = await ids();
      assert.deepEqual(await world.suite.disconnect({ uid: 'ada' }, id), { revoked: true });
    });

    it('binds what it seals to its place', async () => {
      await run(['--from', await fileOf([await taken('ada'), { ...lineOf(0), uid: 'ada' }])]);
      const [one = '', two = ''] = await ids();
      const { sealed } = await world.vault(one);
      await db.doc(`strongroomVault/${two}`).update({ sealed });
      await refuses('sealed_value_rejected', world.call('ada', two, world.newSuite()));
    });

    it('takes plain documents of the team’s own collection, whose id is the uid', async () => {
      const { accessToken, refreshToken } = await taken('ada');
      const expires = Timestamp.fromMillis(world.clock.now() + 300_000);
      const tokens = { access_token: accessToken, refresh: refreshToken, expires };
      await db.doc('people/ada').set({ name: 'Ada', sandbox: tokens });
      await db.doc('people/grace').set({ name: 'Grace' });
      await db.doc('people/stranger').set({ sandbox: tokens });
      const maps = ['accessToken=sandbox.access_token', 'refreshToken=sandbox.refresh'];
      const mapped = [...maps, 'expiresAt=sandbox.expires'].flatMap((map) => ['--map', map]);
      const where = ['--format', 'firestore', '--collection', 'people', '--provider', 'sandbox'];
      const first = await run([...where, ...mapped]);
      assert.equal(first.stdout, 'people/stranger: uid: is that of no user\n');
      const { stderr } = await run([...where, ...mapped, '--skip-refused']);
      assert.match(stderr, /2 read, 1 fit, 1 refused\. 1 imported/);
      const [id = ''] = await ids();
      assert.equal(await world.call('ada', id), 200);
    });

    it('leaves a record of who brought each, where the settings ask for it', async () => {
      world.publish((settings) => ({
        ...settings,
        audit: { records: 'connections', keepDays: 400 },
      }));
      const file = await fileOf([await taken('ada')]);
      for (let n = 0; n < 2; n += 1) assert.equal((await run(['--from', file])).end, 0);
      const records = await recordsIn(world, 'ada');
      assert.deepEqual(
        records.map(({ type, actor }) => [type, actor]),
        [['connected', 'operator']],
      );
    });

    it('takes connections of Nango', async () => {
      const { accessToken, refreshToken } = await taken('ada');
      const line = {
        connection_id: 'n-1',
        provider_config_key: 'sandbox-dev',
        end_user: { id: 'ada' },
        credentials: { type: 'OAUTH2', access_token: accessToken, refresh_token: refreshToken },
      };
      const file = await fileOf([line]);
      const map = ['--provider-map', 'sandbox-dev=sandbox'];
      const { stderr } = await run(['--from', file, '--format', 'nango', ...map]);
      assert.match(stderr, /1 imported/);
      const [id = ''] = await ids();
      assert.equal(await world.call('ada', id), 200);
    });
  });
});
