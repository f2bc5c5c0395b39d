import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('many-lines.ts', import.meta.url));
const lines = 100_000;
/** A program that reads them all would hold 100 MB of tokens. */
const heapMb = 96;

/** Sealing and Firestore, which have a page at a time, are seen in `import.test.ts`. */
describe(`an import of ${lines} lines`, function () {
  this.timeout(300_000);

  it(`judges all of them and hands them to the store in a heap of ${heapMb} MB`, async () => {
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        `--max-old-space-size=${heapMb}`,
        program,
        String(lines),
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        output[name] += chunk;
      });
    }
    const [code] = await once(child, 'close');
    assert.equal(code, 0, output.stderr.slice(-2_000));
    const { phase, read, created, stored, sealedBytes } = JSON.parse(output.stdout);
    assert.deepEqual([phase, read, created, stored], ['done', lines, lines, lines]);
    assert.ok(sealedBytes > lines * 1_000);
  });
});
