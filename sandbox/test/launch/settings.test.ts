import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readSettings } from '../../launch/settings.ts';
import { temporaryFolder, write } from './temporary.ts';

describe('the provider settings of the sandbox', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'providers.json');

  const name = (value: string) => `\${${value}}`;

  it('have their names filled in, whatever the value holds', () => {
    write(
      file,
      JSON.stringify({
        a: { issuer: name('URL'), scopes: [`${name('URL')}/x`, name('SECRET')], n: 1 },
      }),
    );
    const settings = readSettings(file, { URL: 'http://127.0.0.1:1', SECRET: '"\\$&' });
    assert.deepEqual(JSON.parse(settings), {
      a: { issuer: 'http://127.0.0.1:1', scopes: ['http://127.0.0.1:1/x', '"\\$&'], n: 1 },
    });
  });

  it('are refused, saying why, where they name what does not exist', () => {
    write(file, JSON.stringify({ a: name('HOME') }));
    assert.throws(() => readSettings(file, { URL: '' }), {
      message: /names \$\{HOME\}; it may use URL only/,
    });
  });

  it('are refused, saying why, where they are not JSON or not there', () => {
    write(file, '{');
    assert.throws(() => readSettings(file, {}), { message: /are not JSON/ });
    assert.throws(() => readSettings(join(folder, 'none.json'), {}), {
      message: /cannot be read: correct STRONGROOM_PROVIDERS_FILE/,
    });
  });
});
