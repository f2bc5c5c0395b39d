import assert from 'node:assert/strict';
import { run as runCommand } from '../../../operate/command.ts';
import { createGoogleApi, googleApiOf } from '../../../operate/google-api.ts';
import { doctor, setup } from '../../../operate/setup/parse.ts';
import { RpcError } from '../../../sandbox/secret-manager/rpc-error.ts';
import {
  type SecretManager,
  startSecretManager,
} from '../../../sandbox/secret-manager/secret-manager.ts';
import { parseSettings } from '../../src/providers/settings.ts';
import { type Asked, type Cloud, Disabled, startCloud } from './cloud.ts';
import { piped, type Script, typing } from './terminals.ts';

const projectId = 'acme-app';
const keyring = 'strongroom-keyring';
const settings = 'strongroom-providers';
const emailOf = (id: string) => `strongroom-${id}@${projectId}.iam.gserviceaccount.com`;
const memberOf = (id: string) => `serviceAccount:${emailOf(id)}`;
const full = ['--apply', '--yes', '--location', 'eur3'];

describe('against a cloud that speaks the REST of the Admin APIs', function () {
  this.timeout(60_000);
  let cloud: Cloud;
  beforeEach(async () => {
    cloud = await startCloud(projectId);
  });
  afterEach(() => cloud.stop());

  const finder = () => ({
    find: (named: string | undefined) => ({
      mode: 'production' as const,
      projectId: named ?? projectId,
    }),
    api: () =>
      createGoogleApi({
        origin: (service) => `${cloud.url}/${service}`,
        headers: async () => ({ authorization: 'Bearer of-the-operator' }),
        retryPauseMs: 1,
      }),
    pauseMs: 1,
  });
  const perform = async (
    command: typeof setup,
    args: readonly string[],
    { terminal, screen } = piped(),
  ) => {
    const code = await runCommand(
      (given) => command(given, terminal, finder()),
      ['--project', projectId, ...args],
      terminal,
    );
    return { code, ...screen };
  };
  const setUp = (...args: string[]) => perform(setup, args);
  const examine = () => perform(doctor, []);
  const attend = (args: string[], script: Script) => perform(setup, args, typing(script));
  const ready = async () => {
    const { code, stderr } = await setUp(...full);
    assert.equal(code, 0, stderr);
    cloud.requests.length = 0;
  };
  const rolesOf = (resource: string) =>
    Object.fromEntries(
      (cloud.policies.get(resource)?.bindings ?? []).map(({ role, members }) => [role, members]),
    );
  /** What a later run must find again; not the key itself. */
  const state = () => ({
    enabled: [...cloud.enabled].sort(),
    accounts: [...cloud.accounts.keys()].sort(),
    policies: [...cloud.policies]
      .flatMap(([resource, { bindings }]) =>
        bindings.flatMap(({ role, members }) => members.map((one) => `${resource} ${role} ${one}`)),
      )
      .sort(),
    secrets: [keyring, settings].map((id) => cloud.store.get(id).versions.map((one) => one.state)),
    databases: [...cloud.databases],
    indexes: cloud.indexes.map(({ name: _, ...index }) => JSON.stringify(index)).sort(),
    fields: [...cloud.fields].sort(([a], [b]) => (a < b ? -1 : 1)),
  });

  describe('npm run setup', () => {
    it('says what a bare project lacks, and asks for nothing that would change it', async () => {
      const { code, stdout, stderr } = await setUp();
      assert.equal(code, 0);
      assert.deepEqual(cloud.changes(), []);
      for (const line of [
        /^ {2}\+ enable iam\.googleapis\.com, secretmanager\.googleapis\.com/m,
        /^ {2}\+ create the service account strongroom-vault@acme-app/m,
        /^ {2}\+ add a key of 32 random bytes to strongroom-keyring$/m,
        /^ {2}\+ add settings without a provider .* https:\/\/acme-app\.web\.app\/oauth\/callback$/m,
        /^ {2}\+ set the TTL policy of strongroomAuthorizations\.deleteAt$|^ {2}\+ set the index exemption and TTL policy of strongroomAuthorizations\.deleteAt$/m,
        /^ {2}! the database \(default\) is missing\n {6}npm run setup .* --location <location>/m,
      ]) {
        assert.match(stdout, line);
      }
      assert.match(stderr, /Nothing was changed: say --apply/);
    });

    it('makes all of it, says it before, and the doctor finds nothing to mend', async () => {
      let saidFirst = '';
      const { terminal, screen } = piped();
      cloud.intercept = () => {
        if (cloud.changes().length > 0 && saidFirst === '') saidFirst = screen.stdout;
      };
      const { code, stdout, stderr } = await perform(setup, full, { terminal, screen });
      assert.equal(code, 0, stdout + stderr);
      assert.ok(cloud.enabled.has('cloudtasks.googleapis.com'));
      const [key, ...more] = cloud.store.get(keyring).versions;
      assert.deepEqual([key?.payload.length, more], [32, []]);
      const payload = cloud.store.version(settings, 'latest').payload;
      assert.deepEqual(parseSettings(payload, false).providers, {});
      assert.deepEqual(Object(cloud.store.get(keyring).attributes)['replication'], {
        automatic: {},
      });
      assert.deepEqual(cloud.databases.get('(default)'), {
        type: 'FIRESTORE_NATIVE',
        locationId: 'eur3',
      });
      const done = stderr.match(/^(.*) … done$/gm)?.map((line) => line.slice(0, -' … done'.length));
      assert.ok(done && done.length > 20);
      // Everything but what only a database that is there can tell was said before the first change.
      for (const change of done) assert.ok(saidFirst.includes(`+ ${change}\n`), change);
      const after = await examine();
      assert.equal(after.code, 0, after.stdout);
      assert.match(after.stdout, /^Indexes and TTL policies: ok$/m);
    });

    it('gives each account what it needs and no more: the page reads no secret, who makes keys reads no key', async () => {
      await ready();
      assert.deepEqual(rolesOf(keyring), {
        'roles/secretmanager.secretAccessor': [memberOf('vault')],
        'roles/secretmanager.viewer': [memberOf('vault')],
        'roles/secretmanager.secretVersionManager': [memberOf('keys')],
      });
      assert.deepEqual(rolesOf(settings), {
        'roles/secretmanager.secretAccessor': [memberOf('vault'), memberOf('keys')],
      });
      assert.deepEqual(rolesOf(`projects/${projectId}`), {
        'roles/datastore.viewer': [memberOf('page')],
        'roles/datastore.user': [memberOf('vault'), memberOf('keys')],
        'roles/cloudtasks.enqueuer': [memberOf('vault'), memberOf('keys')],
        'roles/firebaseauth.viewer': [memberOf('vault')],
      });
      for (const id of ['vault', 'keys']) {
        assert.deepEqual(rolesOf(emailOf(id)), { 'roles/iam.serviceAccountUser': [memberOf(id)] });
      }
      assert.deepEqual(rolesOf(emailOf('page')), {});
    });

    it('changes nothing the second time', async () => {
      await ready();
      const before = state();
      const { code, stdout, stderr } = await setUp(...full);
      assert.equal(code, 0);
      assert.deepEqual(cloud.changes(), []);
      assert.deepEqual(state(), before);
      assert.doesNotMatch(stdout, /[+!]/);
      assert.match(stderr, /Nothing to change/);
    });

    it('goes on after a failure at any step, and ends where an undisturbed run ends', async () => {
      await ready();
      const complete = state();
      const refuseAt = (turn: number) => {
        let changes = 0;
        return ({ method, path }: Asked) => {
          if (method === 'GET' || path.includes(':getIamPolicy')) return;
          changes += 1;
          if (changes === turn) throw new RpcError('PERMISSION_DENIED', 'You may not do that.');
        };
      };
      for (const turn of [1, 2, 3, 5, 6, 7, 8, 9, 12, 15, 18, 20, 23, 24, 25, 40]) {
        await cloud.stop();
        cloud = await startCloud(projectId);
        cloud.intercept = refuseAt(turn);
        const broken = await setUp(...full);
        assert.equal(broken.code, 1, `${turn}`);
        assert.match(broken.stderr, /run the command again to go on\.\n.*PERMISSION_DENIED/);
        cloud.intercept = undefined;
        const mended = await setUp(...full);
        assert.equal(mended.code, 0, `${turn}: ${mended.stdout}`);
        assert.deepEqual(state(), complete, `${turn}`);
      }
    });

    it('leaves what others were given, conditions too', async () => {
      const condition = {
        title: 'until May',
        expression: 'request.time < timestamp("2027-05-01")',
      };
      const others = [
        { role: 'roles/owner', members: ['user:ada@example.com'] },
        { role: 'roles/datastore.user', members: ['user:bob@example.com'] },
        { role: 'roles/datastore.user', members: [memberOf('vault')], condition },
      ];
      cloud.policies.set(`projects/${projectId}`, {
        etag: 'one',
        bindings: structuredClone(others),
      });
      await setUp(...full);
      const { bindings } = cloud.policies.get(`projects/${projectId}`) ?? { bindings: [] };
      const owner = bindings.find(({ role }) => role === 'roles/owner');
      assert.deepEqual(owner, others[0]);
      assert.deepEqual(
        bindings.find((one) => one.condition),
        others[2],
      );
      const users = bindings.find((one) => one.role === 'roles/datastore.user' && !one.condition);
      assert.deepEqual(users?.members, [
        'user:bob@example.com',
        memberOf('vault'),
        memberOf('keys'),
      ]);
    });

    it('gives way to somebody who changes a policy meanwhile, and waits for a new account to be known', async () => {
      let [interfered, unknown] = [0, 3];
      cloud.intercept = ({ service, path }) => {
        if (!path.includes(':setIamPolicy')) return;
        if (service === 'cloudresourcemanager' && interfered === 0) {
          interfered += 1;
          const policy = cloud.policies.get(`projects/${projectId}`);
          policy?.bindings.push({ role: 'roles/viewer', members: ['user:eve@example.com'] });
          if (policy) policy.etag = 'moved';
        }
        if (service === 'secretmanager' && unknown > 0) {
          unknown -= 1;
          throw new RpcError('INVALID_ARGUMENT', 'Service account x does not exist.');
        }
      };
      assert.equal((await setUp(...full)).code, 0);
      assert.deepEqual([interfered, unknown], [1, 0]);
      assert.deepEqual(rolesOf(`projects/${projectId}`)['roles/viewer'], ['user:eve@example.com']);
    });

    it('waits for an API that has just been enabled to answer', async () => {
      let refusals = 3;
      cloud.intercept = ({ service, path }) => {
        if (service !== 'secretmanager' || !path.includes('secrets?secretId=')) return;
        refusals -= 1;
        if (refusals >= 0) throw new Disabled(service);
      };
      assert.equal((await setUp(...full)).code, 0);
      assert.equal(refusals, -2);
    });

    it('adds no key where one is enabled, and one where all are disabled', async () => {
      cloud.enabled.add('secretmanager.googleapis.com');
      cloud.store.create(keyring, {});
      const version = cloud.store.addVersion(keyring, Buffer.alloc(32, 1));
      assert.equal((await setUp(...full)).code, 0);
      assert.equal(cloud.store.get(keyring).versions.length, 1);
      cloud.store.setState(version, 'DISABLED');
      assert.equal((await setUp(...full)).code, 0);
      const states = cloud.store.get(keyring).versions.map(({ state: one }) => one);
      assert.deepEqual(states, ['DISABLED', 'ENABLED']);
    });

    it('does nothing without a yes', async () => {
      const no = await attend(['--apply'], [[/changes\? \[y\/N\]/, 'no\n']]);
      assert.deepEqual([no.code, cloud.changes()], [1, []]);
      const nobody = await setUp('--apply');
      assert.deepEqual([nobody.code, cloud.changes()], [2, []]);
      assert.match(nobody.stderr, /say --yes/);
    });

    it('shows no key and no settings', async () => {
      const shown = await setUp(...full);
      const examined = await examine();
      const said = [shown, examined].map(({ stdout, stderr }) => stdout + stderr).join('');
      const { payload } = cloud.store.version(keyring, 'latest');
      for (const encoding of ['base64', 'base64url', 'hex', 'latin1'] as const) {
        assert.ok(!said.includes(Buffer.from(payload).toString(encoding)), encoding);
      }
      const asked = cloud.requests.filter(({ path }) => !path.includes(`${keyring}:addVersion`));
      assert.ok(!JSON.stringify(asked).includes(Buffer.from(payload).toString('base64')));
      // Nobody needs to read a key to set up.
      assert.ok(!asked.some(({ path }) => /keyring\/versions\/\w+:access/.test(path)));
    });

    it('says what it may not look at', async () => {
      cloud.intercept = () => {
        throw new RpcError('PERMISSION_DENIED', 'Permission denied on resource project acme-app.');
      };
      const { code, stdout } = await setUp(...full);
      assert.equal(code, 1);
      assert.match(stdout, /APIs:\n {2}! could not be looked at: .* Permission denied on resource/);
      assert.deepEqual(cloud.changes(), []);
    });
  });

  describe('npm run doctor', () => {
    const wrongs: readonly [what: string, spoil: () => void, says: RegExp][] = [
      [
        'an API that is not enabled',
        () => cloud.enabled.delete('cloudtasks.googleapis.com'),
        /not enabled: cloudtasks\.googleapis\.com\n +npm run setup -- --project acme-app --apply/,
      ],
      [
        'an account that is gone',
        () => cloud.accounts.delete(emailOf('page')),
        /strongroom-page@\S+ is missing\n +npm run setup/,
      ],
      [
        'an account that is disabled',
        () => cloud.accounts.set(emailOf('vault'), { disabled: true, keys: [] }),
        /is disabled\n +gcloud iam service-accounts enable strongroom-vault@/,
      ],
      [
        'a key of an account',
        () => cloud.accounts.set(emailOf('vault'), { keys: ['k1'] }),
        /has a key \(k1\).*\n +gcloud iam service-accounts keys delete k1 --iam-account strongroom-vault@/,
      ],
      [
        'a page server that reads the keys',
        () => {
          const role = 'roles/secretmanager.secretAccessor';
          cloud.policies.get(keyring)?.bindings.push({ role, members: [memberOf('page')] });
        },
        /strongroom-page@\S+ has roles\/secretmanager\.secretAccessor on strongroom-keyring\n +gcloud secrets remove-iam-policy-binding strongroom-keyring .*strongroom-page@/,
      ],
      [
        'a person who reads the client secrets',
        () => {
          const role = 'roles/secretmanager.secretAccessor';
          cloud.policies.get(settings)?.bindings.push({ role, members: ['user:eve@example.com'] });
        },
        /user:eve@example\.com has roles\/secretmanager\.secretAccessor on strongroom-providers\n +gcloud secrets/,
      ],
      [
        'one who reads all secrets',
        () => {
          const role = 'roles/secretmanager.secretAccessor';
          const bindings = cloud.policies.get(`projects/${projectId}`)?.bindings;
          bindings?.push({ role, members: ['user:eve@example.com'] });
        },
        /eve@example\.com has roles\/secretmanager\.secretAccessor: it reads every secret\n +gcloud projects remove-iam-policy-binding acme-app/,
      ],
      [
        'an account that is an editor',
        () => {
          const bindings = cloud.policies.get(`projects/${projectId}`)?.bindings;
          bindings?.push({ role: 'roles/editor', members: [memberOf('page')] });
        },
        /strongroom-page@\S+ has roles\/editor\n +gcloud projects remove-iam-policy-binding/,
      ],
      [
        'a role that is missing',
        () => {
          cloud.policies.set(emailOf('keys'), { etag: 'x', bindings: [] });
        },
        /strongroom-keys@\S+ lacks roles\/iam\.serviceAccountUser on .*\n +npm run setup/,
      ],
      [
        'no enabled key',
        () => cloud.store.setState(cloud.store.version(keyring, 'latest'), 'DISABLED'),
        /strongroom-keyring has no enabled version.*\n +npm run setup/,
      ],
      [
        'settings that are wrong',
        () => cloud.store.addVersion(settings, Buffer.from('{"app":{"redirectUri":"XmarkX"}}')),
        /not valid at app\.redirectUri.*\n +npm run providers -- check/,
      ],
      [
        'settings whose newest version is disabled',
        () => cloud.store.setState(cloud.store.version(settings, 'latest'), 'DISABLED'),
        /version 1, the newest of strongroom-providers, is disabled\n +gcloud secrets versions enable 1/,
      ],
      [
        'a database in Datastore mode',
        () => cloud.databases.set('(default)', { type: 'DATASTORE_MODE', locationId: 'eur3' }),
        /is in Datastore mode.*\n +gcloud firestore databases create/,
      ],
      [
        'an index that is missing',
        () => cloud.indexes.pop(),
        /the index of strongroom\w+ \(.*\) is missing\n +npm run setup/,
      ],
      [
        'a TTL policy that is missing',
        () => {
          for (const [name, field] of cloud.fields) {
            if (name.endsWith('strongroomAuthorizations/fields/deleteAt'))
              delete field['ttlConfig'];
          }
        },
        /the TTL policy of strongroomAuthorizations\.deleteAt is missing\n +npm run setup/,
      ],
      [
        'an exemption that is missing',
        () => {
          for (const name of cloud.fields.keys()) {
            if (name.endsWith('strongroomVault/fields/sealed')) cloud.fields.delete(name);
          }
        },
        /the index exemption of strongroomVault\.sealed is missing\n +npm run setup/,
      ],
    ];
    for (const [what, spoil, says] of wrongs) {
      it(`finds ${what}, with the command that mends it, and changes nothing`, async () => {
        await ready();
        spoil();
        const { code, stdout, stderr } = await examine();
        assert.equal(code, 1);
        assert.match(stdout, says);
        assert.match(stderr, /^1 to mend\.$/m);
        assert.ok(!stdout.includes('XmarkX'));
        assert.deepEqual(cloud.changes(), []);
        // What setup says it mends, it does mend.
        if (/npm run setup/.test(stdout)) assert.equal((await setUp(...full)).code, 0);
      });
    }

    it('finds functions that run as another account than theirs, of this codebase alone', async () => {
      await ready();
      const deploy = (name: string, account: string, codebase = 'strongroom') =>
        cloud.functions.push({
          name: `projects/${projectId}/locations/us-central1/functions/${name}`,
          environment: 'GEN_2',
          labels: { 'firebase-functions-codebase': codebase },
          serviceConfig: { serviceAccountEmail: emailOf(account) },
        });
      deploy('oauth', 'page');
      deploy('rotateKeys', 'keys');
      deploy('connections-call', 'vault');
      deploy('oauth', 'vault', 'the-apps-own');
      assert.equal((await examine()).code, 0);
      for (let more = 0; more < 20; more += 1) deploy(`connections-${more}`, 'vault');
      deploy('oauth', 'vault');
      const { code, stdout } = await examine();
      assert.equal(code, 1);
      assert.match(
        stdout,
        /oauth runs as strongroom-vault@\S+, not as strongroom-page@\S+\n +npx firebase deploy --only functions:strongroom/,
      );
    });

    it('lets the vault publish to Eventarc', async () => {
      await ready();
      const bindings = cloud.policies.get(`projects/${projectId}`)?.bindings;
      bindings?.push({ role: 'roles/eventarc.publisher', members: [memberOf('vault')] });
      assert.equal((await examine()).code, 0);
    });
  });

  const wrong: readonly [what: string, command: typeof setup, args: string[], says: RegExp][] = [
    ['an argument', setup, ['now'], /Usage/],
    ['an unknown option', setup, ['--force'], /Unknown option/],
    ['a location that is none', setup, ['--location', 'Europe!'], /location of Firestore/],
    ['a site that is none', setup, ['--site', 'http://app.example'], /--site needs the origin/],
    ['a yes to nothing', setup, ['--yes'], /--yes is for --apply/],
    ['an argument of doctor', doctor, ['now'], /Usage/],
    ['an option of doctor', doctor, ['--apply'], /Unknown option/],
    ['a secret', setup, ['--key', 'XmarkX'], /never an argument/],
  ];
  for (const [what, command, args, says] of wrong) {
    it(`ends with exit code 2 for ${what}`, async () => {
      const { code, stdout, stderr } = await perform(command, args);
      assert.deepEqual([code, stdout, cloud.requests], [2, '', []]);
      assert.match(stderr, says);
      assert.ok(!stderr.includes('XmarkX'));
    });
  }
});

describe('against the sandbox', () => {
  const sandboxId = 'demo-operate';
  let secretManager: SecretManager;
  beforeEach(async () => {
    secretManager = await startSecretManager({ port: 0, projectId: sandboxId });
  });
  afterEach(() => secretManager.stop());

  const perform = async (command: typeof setup, ...args: string[]) => {
    const { terminal, screen } = piped();
    const secretManagerHost = `127.0.0.1:${secretManager.port}`;
    const finder = {
      find: () => ({ mode: 'sandbox' as const, projectId: sandboxId, secretManagerHost }),
      api: googleApiOf,
      pauseMs: 1,
    };
    const code = await runCommand((given) => command(given, terminal, finder), args, terminal);
    return { code, ...screen };
  };
  const absent = [
    'APIs',
    'Service accounts',
    'Access to strongroom-keyring',
    'Access to strongroom-providers',
    'Roles in the project',
    'Tasks as oneself',
    'Firestore database',
    'Indexes and TTL policies',
    'Accounts of the deployed functions',
  ];

  it('setup makes both secrets and the first key, once; what no emulator holds is called so', async () => {
    assert.equal((await perform(doctor)).code, 1);
    const first = await perform(setup, '--apply', '--yes');
    assert.equal(first.code, 0, first.stdout + first.stderr);
    for (const title of absent)
      assert.ok(first.stdout.includes(`${title}: not in the sandbox\n`), title);
    const second = await perform(setup, '--apply', '--yes');
    assert.match(second.stderr, /Nothing to change/);
    const after = await perform(doctor);
    assert.equal(after.code, 0);
    assert.equal(after.stdout.match(/: ok$/gm)?.length, 2);
    assert.equal(after.stdout.match(/: not in the sandbox$/gm)?.length, absent.length);
  });
});
