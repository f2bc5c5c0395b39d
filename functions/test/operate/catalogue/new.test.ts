import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readEntries } from '../../../../operate/catalogue/files.ts';
import { lineOf, lint } from '../../../../operate/catalogue/lint.ts';
import { writeTemplate } from '../../../../operate/catalogue/new.ts';
import { catalogue } from '../../../../operate/catalogue/parse.ts';
import { run } from '../../../../operate/command.ts';
import { UsageError } from '../../../../operate/environment.ts';
import { piped } from '../terminals.ts';

const today = '2026-11-22';

describe('npm run catalogue -- new', () => {
  let folder: URL;
  before(async () => {
    folder = pathToFileURL(`${await mkdtemp(join(tmpdir(), 'catalogue-'))}/`);
  });
  after(() => rm(folder, { recursive: true }));

  for (const kind of ['oauth2', 'oidc', 'api-key', 'basic']) {
    it(`writes a file of kind ${kind} that lacks nothing but what is to be filled in`, async () => {
      const file = writeTemplate(`new-${kind}`, kind, today, folder);
      const filled = (await readFile(file, 'utf8'))
        .replace(/"<where the id of an account is>"/, '"id"')
        .replace(/"<([^>]*)>"/g, '"filled"')
        .replaceAll('provider.invalid', 'acme.io');
      const lines = (text: string) =>
        lint([{ id: 'one', path: '', isImported: false, value: JSON.parse(text) }], {
          today,
          maxAgeDays: 1,
        }).map(lineOf);
      assert.deepEqual(lines(filled), []);
      const left = lines(await readFile(file, 'utf8')).join('\n');
      for (const where of ['name', 'register.note', 'register.url', 'sources.0.url']) {
        assert.ok(left.includes(`one: ${where}: `), left);
      }
    });
  }

  it('never writes over an entry, and takes no id or kind that is none', () => {
    writeTemplate('taken', 'oidc', today, folder);
    for (const [id, kind] of [
      ['taken', 'oidc'],
      ['', 'oidc'],
      ['Capital', 'oidc'],
      ['../escape', 'oidc'],
      ['fine', 'saml'],
    ] as const) {
      assert.throws(() => writeTemplate(id, kind, today, folder), UsageError, `${id} ${kind}`);
    }
  });
});

describe('npm run catalogue', () => {
  const perform = async (...args: string[]) => {
    const { terminal, screen } = piped();
    return { code: await run(catalogue, args, terminal), ...screen };
  };

  it('shows how it is used, and refuses what it does not know', async () => {
    const help = await perform('--help');
    assert.equal(help.code, 0);
    assert.match(help.stdout, /verify --online/);
    for (const args of [
      [],
      ['lnit'],
      ['lint', 'one'],
      ['lint', '--json'],
      ['new'],
      ['new', 'a', 'b'],
    ]) {
      const { code, stderr } = await perform(...args);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, /Usage:/);
    }
  });

  it('asks nobody unless it is told to', async () => {
    const { code, stderr } = await perform('verify');
    assert.equal(code, 2);
    assert.match(stderr, /--online/);
  });

  it('knows the entries by their ids only', async () => {
    assert.ok(readEntries().every(({ id }) => id !== 'nowhere'));
    const { code, stderr } = await perform('verify', '--online', 'nowhere');
    assert.equal(code, 2);
    assert.match(stderr, /no entry nowhere/);
  });
});
