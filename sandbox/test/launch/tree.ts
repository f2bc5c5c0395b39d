/**
 * A launcher for the tests: a run with one process, which ignores polite requests and has started
 * another in a session of its own, as firebase-tools starts Java. Argument: how to go on.
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRun } from '../../launch/processes.ts';
import { aborted, shutdownSignal } from '../../launch/shutdown.ts';

const GRACE_MS = 200;
const [how, leaving = ''] = process.argv.slice(2);
const stubborn = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);";
const program = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stubborn)}],
  { detached: true, stdio: 'ignore' }); ${stubborn} console.log('up');`;

const signal = shutdownSignal();
const run = createRun(GRACE_MS);
run.start({
  file: process.execPath,
  args: ['-e', program],
  cwd: tmpdir(),
  env: process.env,
  logFile: join(tmpdir(), `strongroom-tree-${process.pid}.log`),
});
run.removeAtEnd(join(tmpdir(), `strongroom-tree-${process.pid}.log`));
writeFileSync(leaving, '');
run.removeAtEnd(leaving);
console.log(run.marker);
if (how === 'crash') process.on('SIGUSR2', () => Promise.reject(new Error('a bug')));
await aborted(signal).catch(() => run.stop());
