import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { isStale } from '../../setup/install.mjs';
import { withLock } from '../../setup/lock.mjs';
import { hostNode, isAdequate } from '../../setup/node.mjs';
import { script, temporaryFolder, write } from './temporary.ts';

describe('the set-up', () => {
  const folder = temporaryFolder();

  it('takes a Node that runs TypeScript as it is, and no older one', () => {
    const adequate = ['v22.18.0', 'v23.6.0', 'v24.0.0', 'v26.1.0'];
    const tooOld = ['v20.20.2', 'v22.17.1', 'v23.5.0', 'v18.0.0'];
    assert.deepEqual([...adequate, ...tooOld].filter(isAdequate), adequate);
  });

  it('prefers Node 24 to a newer and to the running one, and says when there is none', () => {
    const bin = (version: string) => {
      script(join(folder, version, 'node'), `echo ${version}`);
      return join(folder, version);
    };
    const running = { path: process.execPath, version: 'v20.20.2' };
    const path = [bin('v18.1.0'), bin('v26.0.0'), bin('v24.9.0'), bin('v22.20.0')].join(':');
    assert.equal(hostNode({ running, path }), join(folder, 'v24.9.0', 'node'));
    assert.equal(hostNode({ running, path: bin('v18.1.0') }), undefined);
  });

  describe('installs', () => {
    const entry = (version: string, more: object = {}) => ({
      version,
      integrity: version,
      ...more,
    });
    const stale = (wanted: object, present?: object) => {
      const place = join(folder, crypto.randomUUID());
      write(join(place, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...wanted } }));
      if (present)
        write(
          join(place, 'node_modules/.package-lock.json'),
          JSON.stringify({ packages: present }),
        );
      return isStale(place);
    };

    it('where nothing is installed, where a version differs, where a package is missing', () => {
      assert.equal(stale({ a: entry('1') }), true);
      assert.equal(stale({ a: entry('2') }, { a: entry('1') }), true);
      assert.equal(stale({ a: entry('1'), b: entry('1') }, { a: entry('1') }), true);
    });

    it('where npm has left an optional package out although it is for this machine', () => {
      const optional = { optional: true, engines: { node: '>=22' } };
      assert.equal(stale({ a: entry('1', optional) }, {}), true);
    });

    it('nothing where all is there but what is for other machines', () => {
      const foreign = { optional: true, os: [`!${process.platform}`] };
      assert.equal(stale({ a: entry('1'), b: entry('1', foreign) }, { a: entry('1') }), false);
    });
  });

  describe('runs once at a time', () => {
    const lock = join(folder, 'setup.lock');
    const nobodyWaits = () => assert.fail('it waited');

    it('while another one is at work, and says whose turn it is', async () => {
      const order: string[] = [];
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const first = withLock(lock, () => held.then(() => order.push('first')), nobodyWaits);
      const second = withLock(
        lock,
        async () => order.push('second'),
        (pid) => {
          order.push(`waits for ${pid}`);
          release();
        },
      );
      await Promise.all([first, second]);
      assert.deepEqual(order, [`waits for ${process.pid}`, 'first', 'second']);
    });

    it('and takes over from one that was killed', async () => {
      const killed = spawn(process.execPath, ['-e', '']);
      await once(killed, 'exit');
      write(lock, String(killed.pid));
      assert.equal(await withLock(lock, async () => 'done', nobodyWaits), 'done');
    });
  });
});
