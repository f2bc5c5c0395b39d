import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type EmulatorHost,
  findFirestoreEmulator,
  thisHost,
} from '../../launch/firestore-emulator.ts';
import { findJavaHome } from '../../launch/java.ts';
import { choosePorts } from '../../launch/ports.ts';
import { script, temporaryFolder, write } from './temporary.ts';

const COMPONENT = 'platform/cloud-firestore-emulator/cloud-firestore-emulator.jar';
const START_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 100;

describe('the Firestore emulator that is used', () => {
  const folder = temporaryFolder();
  const cachedJar = 'cloud-firestore-emulator-v9.9.9.jar';
  const host = (name: string, parts: Partial<EmulatorHost> = {}): EmulatorHost => ({
    env: {},
    home: join(folder, name),
    scratch: join(folder, name, 'scratch'),
    cloudCliRoots: [],
    cachedJar,
    ...parts,
  });
  const cache = (home: string, jar = cachedJar) =>
    write(join(home, '.cache/firebase/emulators', jar), '');

  it('is the one named by FIRESTORE_EMULATOR_BINARY_PATH, whatever else there is', () => {
    const jar = join(folder, 'named/my.jar');
    write(jar, '');
    const named = host('named', { env: { FIRESTORE_EMULATOR_BINARY_PATH: jar } });
    cache(named.home);
    assert.deepEqual(findFirestoreEmulator(named), { kind: 'named', jar });
  });

  it('is refused with the way out where the named one does not exist', () => {
    const env = { FIRESTORE_EMULATOR_BINARY_PATH: join(folder, 'nowhere.jar') };
    assert.throws(() => findFirestoreEmulator(host('none', { env })), {
      message: /nowhere\.jar, which does not exist: .*`unset FIRESTORE_EMULATOR_BINARY_PATH`/,
    });
  });

  it("is the one in firebase-tools' cache before that of the Google Cloud CLI", () => {
    const root = join(folder, 'cli');
    write(join(root, COMPONENT), '');
    const both = host('cached', { cloudCliRoots: [root] });
    cache(both.home);
    assert.deepEqual(findFirestoreEmulator(both), { kind: 'cache' });
  });

  it('is not another version from that cache than firebase-tools asks for', () => {
    const old = host('old');
    cache(old.home, 'cloud-firestore-emulator-v1.0.0.jar');
    assert.deepEqual(findFirestoreEmulator(old), { kind: 'download' });
  });

  it('is the component of the Google Cloud CLI whose gcloud is on PATH', () => {
    const root = join(folder, 'on-path');
    write(join(root, COMPONENT), '');
    script(join(root, 'bin/gcloud'), 'exit 1');
    const found = findFirestoreEmulator(host('p', { env: { PATH: join(root, 'bin') } }));
    assert.deepEqual(found, {
      kind: 'cloud-cli',
      jar: join(folder, 'p/scratch/firestore-emulator.jar'),
    });
  });

  it('is the component that a gcloud shim on PATH leads to', () => {
    const root = join(folder, 'elsewhere');
    write(join(root, COMPONENT), '');
    script(join(folder, 'shims/gcloud'), `echo ${root}`);
    const PATH = [join(folder, 'shims'), '/bin', '/usr/bin'].join(delimiter);
    assert.equal(findFirestoreEmulator(host('s', { env: { PATH } })).kind, 'cloud-cli');
  });

  it('is downloaded by firebase-tools where there is none', () => {
    assert.deepEqual(findFirestoreEmulator(host('none')), { kind: 'download' });
  });

  it("starts from the Google Cloud CLI's jar, which names no main class", async function () {
    this.timeout(START_TIMEOUT_MS);
    const real = { ...thisHost(), env: { PATH: process.env['PATH'] }, home: folder };
    const found = findFirestoreEmulator({ ...real, scratch: join(folder, 'real') });
    // Nothing to start on a machine without the component; npm test then runs on the download.
    if (found.kind !== 'cloud-cli') return this.skip();

    const { ports } = await choosePorts({ firestore: 8080 }, 21_000);
    const java = join(findJavaHome(), 'bin', 'java');
    const child = spawn(java, ['-jar', found.jar, '--port', String(ports.firestore)], {
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    try {
      assert.equal(await firstAnswer(`http://127.0.0.1:${ports.firestore}/`), 'Ok');
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  });

  it('is looked for under the name that the installed firebase-tools downloads', () => {
    assert.match(thisHost().cachedJar, /^cloud-firestore-emulator-v\d+\.\d+\.\d+\.jar$/);
  });

  it('gets a wrapper that a zip tool can read', function () {
    const root = join(folder, `long-${'x'.repeat(120)}`);
    write(join(root, COMPONENT), '');
    const found = findFirestoreEmulator(host('zip', { cloudCliRoots: [root] }));
    assert.ok(found.kind === 'cloud-cli' && existsSync(found.jar));
    const jar = join(findJavaHome(), 'bin', 'jar');
    if (!existsSync(jar)) return this.skip();
    execFileSync(jar, ['--extract', '--file', found.jar], { cwd: dirname(found.jar) });
    assert.ok(existsSync(join(dirname(found.jar), 'META-INF/MANIFEST.MF')));
  });
});

async function firstAnswer(url: string): Promise<string> {
  const endsAt = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      return (await (await fetch(url)).text()).trim();
    } catch (error) {
      if (performance.now() > endsAt) throw error;
      await delay(POLL_INTERVAL_MS);
    }
  }
}
