import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withoutAccounts } from '../../../sandbox/launch/environment.ts';
import { type SandboxProvider, startProvider } from '../../../sandbox/provider/provider.ts';
import {
  type SecretManager,
  startSecretManager,
} from '../../../sandbox/secret-manager/secret-manager.ts';
import { runCommand } from '../harness/command.ts';

const projectId = 'demo-operate';
const mark = 'XsecretX';

describe('setup, doctor and providers as processes', function () {
  this.timeout(120_000);
  let provider: SandboxProvider;
  let secretManager: SecretManager;
  let folder: string;
  let sandboxFile: string;

  before(async () => {
    provider = await startProvider({ port: 0 });
    secretManager = await startSecretManager({ port: 0, projectId });
    folder = await mkdtemp(join(tmpdir(), 'operate-'));
    sandboxFile = join(folder, 'sandbox.json');
    const ports = { firestore: 1, secretManager: secretManager.port };
    const sandbox = { projectId, region: 'us-central1', pid: process.pid, urls: {}, ports };
    await writeFile(sandboxFile, JSON.stringify(sandbox));
  });
  after(async () => {
    await Promise.all([provider.stop(), secretManager.stop()]);
    await rm(folder, { recursive: true });
  });

  const run = async (command: string, args: readonly string[], stdin = '', env: object = {}) => {
    const output = await runCommand(
      `${command}.ts`,
      args,
      { ...withoutAccounts(process.env), STRONGROOM_SANDBOX_FILE: sandboxFile, ...env },
      stdin,
    );
    assert.ok(!`${output.stdout}${output.stderr}`.includes(mark), output.stdout + output.stderr);
    return output;
  };

  it('make a sandbox ready, add a provider, replace its secret, and check all of it', async () => {
    assert.equal((await run('doctor', [])).code, 1);
    assert.equal((await run('setup', ['--apply', '--yes'])).code, 0);
    const entry = {
      kind: 'oidc',
      name: 'Sandbox',
      issuer: provider.url,
      clientId: 'strongroom-sandbox',
      apiBaseUrl: `${provider.url}/api`,
    };
    const file = join(folder, 'entry.json');
    await writeFile(file, JSON.stringify(entry));
    const added = await run('providers', ['add', 'one', '--from', file, '--yes'], `${mark}-1\n`);
    assert.deepEqual([added.code, /^Project demo-operate$/m.test(added.stderr)], [0, true]);
    const rotated = await run('providers', ['rotate-secret', 'one', '--yes'], `${mark}-2\n`);
    assert.equal(rotated.code, 0, rotated.stderr);
    assert.match((await run('providers', ['list'])).stdout, /^one +oidc .* 2$/m);
    const checked = await run('providers', ['check']);
    assert.equal(checked.code, 0, checked.stdout);
    assert.equal((await run('doctor', [])).code, 0);
  });

  it('take no emulator for a real project', async () => {
    const env = { GCLOUD_PROJECT: 'real-one', FIRESTORE_EMULATOR_HOST: '127.0.0.1:1' };
    for (const command of ['setup', 'doctor']) {
      const { code, stderr } = await run(command, [], '', env);
      assert.equal(code, 2);
      assert.match(stderr, /^Strongroom refuses to start: FIRESTORE_EMULATOR_HOST/);
    }
  });

  it('say how to sign in where nobody is', async () => {
    const env = { METADATA_SERVER_DETECTION: 'none', HOME: folder, CLOUDSDK_CONFIG: folder };
    const listed = await run('providers', ['list', '--project', 'real-one'], '', env);
    assert.equal(listed.code, 1);
    assert.match(listed.stderr, /gcloud auth application-default login/);
    const examined = await run('doctor', ['--project', 'real-one'], '', env);
    assert.equal(examined.code, 1);
    assert.match(examined.stdout, /APIs:\n.*could not be looked at: Nobody is signed in/);
  });

  it('end with exit code 2 where neither a project is named nor a sandbox runs', async () => {
    const env = { STRONGROOM_SANDBOX_FILE: join(folder, 'none.json') };
    for (const [command, ...args] of [['setup'], ['doctor'], ['providers', 'list']] as const) {
      const { code, stdout, stderr } = await run(command, args, '', env);
      assert.deepEqual([code, stdout], [2, ''], command);
      assert.match(stderr, /GCLOUD_PROJECT.*npm start/s);
    }
  });
});
