import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { choosePorts, describeTaken } from '../../launch/ports.ts';

/** Away from what a sandbox uses. */
const BASE = 23_100;

describe('the ports of a sandbox', () => {
  it('are the wanted ones where they are free', async () => {
    const { ports, taken } = await choosePorts({ a: 100, b: 105 }, BASE);
    assert.deepEqual({ ports, taken }, { ports: { a: BASE + 100, b: BASE + 105 }, taken: [] });
  });

  it("move on to the next free one, which is nobody else's wanted one, and say who is in the way", async () => {
    const server = createServer().listen(BASE + 10, '0.0.0.0');
    await once(server, 'listening');
    try {
      const { ports, taken } = await choosePorts({ a: 10, b: 11 }, BASE);
      assert.deepEqual(ports, { a: BASE + 12, b: BASE + 11 });
      const [first] = taken;
      assert.ok(first);
      assert.match(
        describeTaken(first),
        new RegExp(
          `^Port ${BASE + 10} \\(a\\) is held by \\S.* \\(process ${process.pid}\\): using ${BASE + 12}$`,
        ),
      );
    } finally {
      server.close();
    }
  });

  it('are not given to two sandboxes that start at once', async () => {
    const program = `
      import { choosePorts } from ${JSON.stringify(new URL('../../launch/ports.ts', import.meta.url).href)};
      const { ports } = await choosePorts({ a: 20 }, ${BASE});
      console.log(ports.a);
      process.stdin.resume().on('end', () => process.exit());`;
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
    const both = [1, 2].map(() =>
      spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    try {
      const chosen = await Promise.all(
        both.map(async ({ stdout }) => Number(String((await once(stdout, 'data'))[0]))),
      );
      assert.deepEqual(chosen.toSorted(), [BASE + 20, BASE + 21]);
    } finally {
      for (const { stdin } of both) stdin.end();
    }
  });
});
