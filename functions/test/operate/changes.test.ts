import assert from 'node:assert/strict';
import { changesBetween, redacted } from '../../../operate/providers/changes.ts';

const secrets = {
  clientSecrets: ['a secret'],
  clientKeys: [{ privateKey: 'a secret', kid: 'a secret' }],
  assertionKeys: [{ privateKey: { d: 'a secret' } }],
  clientCertificate: { certificate: 'a secret', privateKey: 'a secret' },
};
const document = { providers: { one: { name: 'One', ...secrets } } };

describe('what the commands show of the settings', () => {
  it('is never a secret, a key or a certificate', () => {
    const shown = JSON.stringify(redacted(document));
    assert.match(shown, /"name":"One"/);
    assert.doesNotMatch(shown, /a secret/);
  });

  it('is never what a secret was before, or is from now on', () => {
    const other = JSON.parse(JSON.stringify(document).replaceAll('a secret', 'another one'));
    for (const [before, after] of [
      [{}, document],
      [document, {}],
      [document, other],
    ]) {
      const lines = changesBetween(before, after).join('\n');
      assert.match(lines, /privateKey: \(hidden\)/);
      assert.doesNotMatch(lines, /a secret|another one/);
    }
  });
});
