import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readSettings, withSandbox } from '../../launch/settings.ts';
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

  it('are given what the main job needs where they leave it out, and nothing where not', () => {
    const standard = { app: { a: 1 }, providers: { sandbox: { s: 1 }, other: { o: 1 } } };
    const merge = (own: object): unknown =>
      JSON.parse(withSandbox(JSON.stringify(own), JSON.stringify(standard)));
    assert.deepEqual(merge({ providers: { mine: { m: 1 } } }), {
      app: { a: 1 },
      providers: { sandbox: { s: 1 }, mine: { m: 1 } },
    });
    const whole = { app: { a: 2 }, providers: { sandbox: { s: 2 } } };
    assert.deepEqual(merge(whole), whole);
  });
});
