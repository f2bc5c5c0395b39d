import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';

const module = new URL('../../src/triggers/leave-domain.ts', import.meta.url).href;

/** As the Functions Framework runs a function; in a process of its own, as a domain marks all of it. */
const runs = (host: string) => `
  import domain from 'node:domain';
  import { leaveDomain } from '${module}';
  const where = () => process.domain === undefined || process.domain === null ? 'none' : 'one';
  const work = async () => {
    const seen = [where()];
    leaveDomain();
    seen.push(where());
    await undefined;
    seen.push(where());
    setImmediate(() => console.log([...seen, where()].join()));
  };
  ${host}
`;
const run = (host: string) =>
  execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '--eval', runs(host)], {
    encoding: 'utf8',
  }).trim();

describe('a request that the platform runs in a domain', () => {
  it('leaves it, with all that follows', () => {
    const seen = run('domain.create().run(() => process.nextTick(work));');
    assert.equal(seen, 'one,none,none,none');
  });

  it('goes on where there is none', () => {
    assert.equal(run('work();'), 'none,none,none,none');
  });
});
