import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { withoutAccounts } from '../../../sandbox/launch/environment.ts';
import { readEnvironment } from '../../src/platform/environment.ts';

/** Every variable that makes a Google or Firebase client library trust an emulator. */
const emulatorVariables: Readonly<Record<string, string>> = {
  FUNCTIONS_EMULATOR: 'true',
  FIREBASE_AUTH_EMULATOR_HOST: '127.0.0.1:9099',
  FIRESTORE_EMULATOR_HOST: '127.0.0.1:8080',
  FIREBASE_DATABASE_EMULATOR_HOST: '127.0.0.1:9000',
  FIREBASE_STORAGE_EMULATOR_HOST: '127.0.0.1:9199',
  STORAGE_EMULATOR_HOST: 'http://127.0.0.1:9199',
  FIREBASE_DATACONNECT_EMULATOR_HOST: '127.0.0.1:9399',
  DATA_CONNECT_EMULATOR_HOST: '127.0.0.1:9399',
  FIREBASE_EMULATOR_HUB: '127.0.0.1:4400',
  CLOUD_TASKS_EMULATOR_HOST: '127.0.0.1:9499',
  CLOUD_EVENTARC_EMULATOR_HOST: '127.0.0.1:9299',
  PUBSUB_EMULATOR_HOST: '127.0.0.1:8085',
  SECRET_MANAGER_EMULATOR_HOST: '127.0.0.1:9010',
  STRONGROOM_SECRET_MANAGER_EMULATOR_HOST: '127.0.0.1:9010',
  FIREBASE_DEBUG_MODE: 'true',
  FIREBASE_DEBUG_FEATURES: '{"skipTokenVerification":true}',
};

describe('the environment of a function', () => {
  it('is production for a real project, and names no stand-in', () => {
    assert.deepEqual(readEnvironment({ GCLOUD_PROJECT: 'real-project', K_SERVICE: 'api' }), {
      mode: 'production',
      projectId: 'real-project',
    });
  });

  for (const [name, value] of Object.entries(emulatorVariables)) {
    it(`is refused in a real project with ${name}, by name`, () => {
      assert.throws(() => readEnvironment({ GCLOUD_PROJECT: 'real-project', [name]: value }), {
        message: new RegExp(`refuses to start: ${name} would .* real-project`),
      });
    });
    it(`is the sandbox in a demo project with ${name}`, () => {
      const variables = { GCLOUD_PROJECT: 'demo-strongroom', [name]: value };
      assert.equal(readEnvironment(variables).mode, 'sandbox');
    });
  }

  it('is refused with every offending variable named at once', () => {
    const variables = { GCLOUD_PROJECT: 'real-project', ...emulatorVariables };
    assert.throws(
      () => readEnvironment(variables),
      (error: Error) =>
        Object.keys(emulatorVariables).every((name) => error.message.includes(name)),
    );
  });

  it('is refused with a variable that is set but empty, rather than guessed about', () => {
    const variables = { GCLOUD_PROJECT: 'real-project', FIREBASE_AUTH_EMULATOR_HOST: '' };
    assert.throws(() => readEnvironment(variables), /FIREBASE_AUTH_EMULATOR_HOST/);
  });

  for (const projectId of ['demo', 'Demo-x', 'my-demo-x', 'xdemo-']) {
    it(`is production for the project id ${projectId}, which is not reserved for emulators`, () => {
      const variables = { GCLOUD_PROJECT: projectId };
      assert.equal(readEnvironment(variables).mode, 'production');
      const offending = { ...variables, FUNCTIONS_EMULATOR: 'true' };
      assert.throws(() => readEnvironment(offending), /FUNCTIONS_EMULATOR/);
    });
  }

  const sources: Record<string, Record<string, string>> = {
    GCLOUD_PROJECT: { GCLOUD_PROJECT: 'a', GOOGLE_CLOUD_PROJECT: 'b' },
    GOOGLE_CLOUD_PROJECT: { GOOGLE_CLOUD_PROJECT: 'a', FIREBASE_CONFIG: '{"projectId":"a"}' },
    FIREBASE_CONFIG: { FIREBASE_CONFIG: '{"projectId":"a"}' },
  };
  for (const [source, variables] of Object.entries(sources)) {
    it(`takes the project id from ${source}`, () => {
      assert.equal(readEnvironment(variables).projectId, 'a');
    });
  }

  it('is refused where the variables name two projects, of which only one is a sandbox', () => {
    const variables = { GCLOUD_PROJECT: 'demo-a', FIREBASE_CONFIG: '{"projectId":"real"}' };
    assert.throws(() => readEnvironment(variables), /GCLOUD_PROJECT is demo-a.*real/);
  });

  for (const variables of [
    {},
    { GCLOUD_PROJECT: '' },
    { FIREBASE_CONFIG: '/a/path.json' },
    { FIREBASE_CONFIG: '{"projectId":1}' },
  ]) {
    it(`is refused without a project id: ${JSON.stringify(variables)}`, () => {
      assert.throws(() => readEnvironment(variables), /set GCLOUD_PROJECT/);
    });
  }

  it('names the Secret Manager stand-in in the sandbox, at its default port unless told', () => {
    const demo = { GCLOUD_PROJECT: 'demo-strongroom' };
    assert.equal(readEnvironment(demo).secretManagerHost, '127.0.0.1:9010');
    const told = { ...demo, STRONGROOM_SECRET_MANAGER_EMULATOR_HOST: '127.0.0.1:1234' };
    assert.equal(readEnvironment(told).secretManagerHost, '127.0.0.1:1234');
  });
});

describe('the deployed bundle', function () {
  this.timeout(60_000);

  const load = async (variables: Readonly<Record<string, string>>) => {
    const lib = new URL('../../lib/index.js', import.meta.url).href;
    const child = spawn(
      process.execPath,
      ['--input-type=module', '--eval', `await import(${JSON.stringify(lib)}); process.exit(0);`],
      {
        cwd: fileURLToPath(new URL('../../', import.meta.url)),
        env: { ...productionVariables(), GCLOUD_PROJECT: 'real-project', ...variables },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    const [code] = await once(child, 'close');
    return { code, stderr };
  };

  it('loads in a real project', async () => {
    assert.deepEqual(await load({}), { code: 0, stderr: '' });
  });

  for (const name of ['FIREBASE_AUTH_EMULATOR_HOST', 'FUNCTIONS_EMULATOR', 'FIREBASE_DEBUG_MODE']) {
    it(`stops in a real project with ${name}, and says why`, async () => {
      const { code, stderr } = await load({ [name]: emulatorVariables[name] ?? '' });
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`Strongroom refuses to start: ${name} would make project`));
      assert.match(stderr, /Remove the variable/);
    });
  }
});

/** This process runs beside emulators; what it inherits of them is not the test's subject. */
function productionVariables(): NodeJS.ProcessEnv {
  const inherited = Object.entries(withoutAccounts(process.env));
  return Object.fromEntries(inherited.filter(([name]) => !(name in emulatorVariables)));
}
