import assert from 'node:assert/strict';
import { refreshed } from '../../oauth/wired.ts';
import { bearsHostileAnswers } from './hostile.ts';

const told: readonly (readonly [instanceUrl: unknown, kept: string | undefined])[] = [
  ['https://eu7.one.example', 'https://eu7.one.example'],
  ['https://eu7.one.example/', 'https://eu7.one.example'],
  ['  https://EU7.one.example:443/services?a=b#c ', 'https://eu7.one.example'],
  ['https://user:password@eu7.one.example/', 'https://eu7.one.example'],
  ['https://eu7.one.example:8443/', 'https://eu7.one.example:8443'],
  ['eu7.one.example', undefined],
  ['//eu7.one.example', undefined],
  ['javascript:alert(1)', undefined],
  ['data:text/plain,x', undefined],
  ['file:///etc/passwd', undefined],
  ['', undefined],
  [7, undefined],
  [['https://eu7.one.example'], undefined],
];

describe('the quirk instance-url', () => {
  for (const [instanceUrl, kept] of told) {
    it(`keeps ${kept ?? 'nothing'} of ${JSON.stringify(instanceUrl)}`, async () => {
      const body = { access_token: 'new access', instance_url: instanceUrl };
      const { answer } = await refreshed({ quirks: ['instance-url'] }, { body });
      assert.equal(answer['instance_url'], kept);
      assert.equal(answer.access_token, 'new access');
    });
  }

  bearsHostileAnswers('instance-url');
});
