import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { until } from '../../demo/until.ts';
import { answers } from '../../launch/answers.ts';
import { temporaryFolder } from './temporary.ts';

const preload = pathToFileURL(join(import.meta.dirname, '../../launch/share-instance.ts')).href;
/** A function as the emulator runs it: it listens on a socket and says which process answers. */
const serving = `require('node:http')
  .createServer((_, response) => response.end(String(process.pid)))
  .listen(process.env.PORT)`;

describe('processes of the functions emulator', () => {
  const folder = temporaryFolder();
  const started: ChildProcess[] = [];
  let sockets = 0;

  beforeEach(() => {
    mkdirSync(join(folder, 'lib'), { recursive: true });
    writeFileSync(join(folder, 'lib/index.js'), '');
  });
  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
  });

  it('of one function hand their requests to the first of them', async () => {
    const first = await start('api');
    const others = await Promise.all([start('api'), start('api'), start('api')]);
    for (const { socket } of others) assert.equal(await askedAt(socket), first.pid);
  });

  it('that start at the same moment agree on one of them', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => start('api')));
    const answering = await Promise.all(all.map(({ socket }) => askedAt(socket)));
    assert.equal(new Set(answering).size, 1);
  });

  it('of different functions, or of a rebuilt bundle, serve themselves', async () => {
    await start('api');
    const other = await start('oauth');
    assert.equal(await askedAt(other.socket), other.pid);
    utimesSync(join(folder, 'lib/index.js'), 1, 1);
    const rebuilt = await start('api');
    assert.equal(await askedAt(rebuilt.socket), rebuilt.pid);
  });

  it('end with the one that served, and the next serves itself', async () => {
    const first = await start('api');
    const second = await start('api');
    first.child.kill('SIGKILL');
    await once(second.child, 'exit');
    const third = await start('api');
    assert.equal(await askedAt(third.socket), third.pid);
  });

  async function start(target: string) {
    sockets += 1;
    const socket = join(folder, `${sockets}.sock`);
    const child = spawn(process.execPath, ['--import', preload, '--eval', serving], {
      cwd: folder,
      env: {
        ...process.env,
        FUNCTIONS_EMULATOR: 'true',
        FUNCTION_TARGET: target,
        FUNCTION_SIGNATURE_TYPE: 'http',
        PORT: socket,
        STRONGROOM_INSTANCES: join(folder, 'instances'),
      },
      stdio: 'inherit',
    });
    started.push(child);
    await until(`${target} to listen`, () => answers({ path: socket }));
    return { child, socket, pid: child.pid };
  }
});

/** The process that answers at a socket. */
async function askedAt(socketPath: string): Promise<number> {
  const sent = request({ socketPath }).end();
  const [response] = await once(sent, 'response');
  return Number(Buffer.concat(await response.toArray()));
}
