import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutAccounts } from '../../../sandbox/launch/environment.ts';

const functions = fileURLToPath(new URL('../../', import.meta.url));
const snapshotFile = new URL('manifest.snapshot.json', import.meta.url);
const updateVariable = 'UPDATE_SNAPSHOTS';

interface Endpoint {
  readonly platform: string;
  readonly entryPoint: string;
  readonly [option: string]: unknown;
}

interface Manifest {
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  readonly [section: string]: unknown;
}

/** Runs Node in functions/, as a deployment does, with no account and no network needed. */
async function runNode(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, args, {
    cwd: functions,
    env: {
      ...withoutAccounts(process.env),
      GCLOUD_PROJECT: 'demo-manifest',
      FIREBASE_CONFIG: '{"projectId":"demo-manifest"}',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    output.stderr += chunk;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, output.stderr);
  return output;
}

/** What `firebase deploy` reads: the program of firebase-functions that it runs itself. */
async function buildManifest(): Promise<Manifest> {
  const folder = await mkdtemp(join(tmpdir(), 'manifest-'));
  try {
    const file = join(folder, 'manifest.json');
    await runNode(['node_modules/firebase-functions/lib/bin/firebase-functions.js'], {
      FUNCTIONS_MANIFEST_OUTPUT_PATH: file,
    });
    return JSON.parse(await readFile(file, 'utf8'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const readJson = async (file: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(functions, file), 'utf8'));

describe('the deployment manifest', function () {
  this.timeout(60_000);
  let manifest: Manifest;

  before(async () => {
    manifest = await buildManifest();
  });

  it('is the one that was agreed on', async () => {
    if (process.env[updateVariable]) {
      await writeFile(snapshotFile, `${JSON.stringify(manifest, null, 2)}\n`);
    }
    const agreed: unknown = JSON.parse(await readFile(snapshotFile, 'utf8'));
    assert.deepEqual(
      manifest,
      agreed,
      `What is deployed has changed. If that is meant, run \`${updateVariable}=1 npm test -- ` +
        '--grep "deployment manifest"` and `npm run check -- --write`, and commit the snapshot.',
    );
  });

  it('has every function of the design under its name', () => {
    assert.deepEqual(Object.keys(manifest.endpoints).sort(), [
      'api',
      'audit-list',
      'commitRefresh',
      'connections-add',
      'connections-begin',
      'connections-beginDevice',
      'connections-call',
      'connections-complete',
      'connections-disconnect',
      'connections-exchange',
      'connections-export',
      'connections-forget',
      'connections-get',
      'connections-list',
      'connections-pollDevice',
      'connections-profile',
      'connections-token',
      'deliverEvents',
      'forgetUser',
      'keepSignIn',
      'oauth',
      'providers-list',
      'refreshBatch',
      'resealBatch',
      'revokeGrant',
      'rotateKeys',
      'rotateTokens',
      'seedFromSignIn',
      'sweep',
    ]);
  });

  it('has 2nd gen functions only, but for forgetUser', () => {
    for (const [name, { platform }] of Object.entries(manifest.endpoints)) {
      assert.equal(platform, name === 'forgetUser' ? 'gcfv1' : 'gcfv2', name);
    }
  });

  it('binds no secret to an environment: both are read at run time', () => {
    for (const [name, endpoint] of Object.entries(manifest.endpoints)) {
      assert.equal(endpoint['secretEnvironmentVariables'], undefined, name);
    }
  });

  it('limits the instances of every 2nd gen function', () => {
    for (const [name, endpoint] of Object.entries(manifest.endpoints)) {
      if (endpoint.platform === 'gcfv2') assert.equal(endpoint['maxInstances'], 100, name);
    }
  });

  const vault = 'strongroom-vault@';
  const keys = 'strongroom-keys@';
  /** By its default; `undefined`: of no other than the schedule's own account. */
  const invokers: Readonly<Record<string, readonly string[] | undefined>> = {
    rotateTokens: undefined,
    rotateKeys: undefined,
    sweep: undefined,
    refreshBatch: [vault],
    commitRefresh: [vault],
    deliverEvents: [vault],
    revokeGrant: [vault],
    keepSignIn: [vault],
    resealBatch: [vault, keys],
  };

  it('opens neither the schedules nor the tasks to the public: who hands a task over may invoke it', () => {
    const found = Object.entries(manifest.endpoints).flatMap(([name, endpoint]) => {
      const trigger = endpoint['scheduleTrigger'] ?? endpoint['taskQueueTrigger'];
      return trigger === undefined ? [] : [[name, Object(trigger).invoker] as const];
    });
    assert.deepEqual(Object.fromEntries(found), invokers);
  });

  it('runs the callback page, the keys and all else as three accounts', () => {
    const own: Readonly<Record<string, string>> = { oauth: 'PAGE', rotateKeys: 'KEYS' };
    for (const [name, endpoint] of Object.entries(manifest.endpoints)) {
      assert.equal(
        endpoint['serviceAccountEmail'],
        `{{ params.STRONGROOM_${own[name] ?? 'VAULT'}_ACCOUNT }}@{{ params.PROJECT_ID }}.iam.gserviceaccount.com`,
        name,
      );
    }
  });
});

describe('the deployed package', function () {
  this.timeout(60_000);

  it('runs on Node 24, by its engines and by firebase.json', async () => {
    const { engines, type, main } = await readJson('package.json');
    assert.deepEqual(
      { engines, type, main },
      {
        engines: { node: '24' },
        type: 'module',
        main: 'lib/index.js',
      },
    );
    const { functions: codebases } = await readJson('../firebase.json');
    assert.ok(Array.isArray(codebases));
    assert.deepEqual(
      codebases.map(({ source, runtime }) => ({ source, runtime })),
      [
        { source: 'functions', runtime: 'nodejs24' },
        { source: 'examples/parts-catalog', runtime: 'nodejs24' },
      ],
    );
  });

  it('imports 1st gen in triggers/forget-user.ts and nowhere else', async () => {
    const files = await readdir(join(functions, 'src'), { recursive: true });
    const found: string[] = [];
    for (const file of files.filter((name) => name.endsWith('.ts'))) {
      const text = await readFile(join(functions, 'src', file), 'utf8');
      if (/firebase-functions\/v1|firebase-functions\/lib/.test(text)) found.push(file);
    }
    assert.deepEqual(found, [join('triggers', 'forget-user.ts')]);
  });

  it('does not load the Secret Manager client until a secret is needed', async () => {
    const program = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      await import('./lib/index.js');
      console.log(JSON.stringify(loaded));
      process.exit(0);`;
    const { stdout } = await runNode(['--input-type=module', '--eval', program]);
    const packages = new Set(
      [...stdout.matchAll(/\/node_modules\/((?:@[^/"]+\/)?[^/"]+)/g)].map(([, name]) => name),
    );
    assert.ok(packages.has('firebase-functions'), 'The list of loaded modules says nothing.');
    assert.ok(!packages.has('@google-cloud/secret-manager'));
    const bundle = await Promise.all(
      (await readdir(join(functions, 'lib')))
        .filter((name) => name.endsWith('.js'))
        .map((name) => readFile(join(functions, 'lib', name), 'utf8')),
    );
    assert.match(bundle.join(), /import\("@google-cloud\/secret-manager"\)/);
  });
});
