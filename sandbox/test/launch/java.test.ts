import assert from 'node:assert/strict';
import { join } from 'node:path';
import { findJavaHome, type JavaHost } from '../../launch/java.ts';
import { script, temporaryFolder, write } from './temporary.ts';

describe('the Java that is used', () => {
  const folder = temporaryFolder();

  /** A JVM that says its version only when run, as those without a `release` file do. */
  const jvm = (name: string, version: string): string => {
    const home = join(folder, name);
    script(join(home, 'bin', 'java'), `echo "openjdk ${version} 2025-01-21"`);
    return home;
  };
  /** One that names it in its `release` file and would fail if run. */
  const jdk = (name: string, version: string): string => {
    const home = join(folder, name);
    script(join(home, 'bin', 'java'), 'exit 1');
    write(join(home, 'release'), `IMPLEMENTOR="x"\nJAVA_VERSION="${version}"\n`);
    return home;
  };
  const host = (parts: Partial<JavaHost>): JavaHost => ({
    env: {},
    platform: 'linux',
    jvmFolders: [],
    ...parts,
  });

  it('is that of JAVA_HOME where it is recent enough, before any on PATH', () => {
    const home = jvm('home-25', '25.0.1');
    const env = { JAVA_HOME: home, PATH: join(jvm('path-21', '21.0.2'), 'bin') };
    assert.equal(findJavaHome(host({ env })), home);
  });

  it('is the one on PATH where JAVA_HOME is too old', () => {
    const onPath = jvm('path-21', '21.0.2');
    const env = { JAVA_HOME: jdk('home-17', '17.0.9'), PATH: join(onPath, 'bin') };
    assert.equal(findJavaHome(host({ env })), onPath);
  });

  it("is one of the system's JVM folder where PATH has an old one first", () => {
    const env = { PATH: join(jdk('path-17', '17.0.9'), 'bin') };
    jdk('jvms/java-1.8.0', '1.8.0_392');
    const wanted = jdk('jvms/temurin-21', '21');
    assert.equal(findJavaHome(host({ env, jvmFolders: [join(folder, 'jvms')] })), wanted);
  });

  it('is found in the macOS layout', () => {
    const wanted = jdk('mac/temurin-21.jdk/Contents/Home', '21.0.5');
    const mac = host({ platform: 'darwin', jvmFolders: [join(folder, 'mac')] });
    assert.equal(findJavaHome(mac), wanted);
  });

  it('is asked for in one sentence with the command that gets it, for each platform', () => {
    const env = { PATH: join(jdk('old', '11.0.2'), 'bin') };
    for (const [platform, command] of [
      ['linux', /`sudo apt-get install openjdk-21-jre-headless`$/],
      ['darwin', /`brew install --cask temurin@21`$/],
      ['win32', /`winget install EclipseAdoptium\.Temurin\.21\.JRE`$/],
    ] as const)
      assert.throws(() => findJavaHome(host({ env, platform })), {
        message: new RegExp(`^The Firestore emulator needs Java 21 or later.*${command.source}`),
      });
  });
});
