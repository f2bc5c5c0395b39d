import assert from 'node:assert/strict';
import { proxyAddressOf } from '../../src/proxy/public-address.ts';

const app = {
  redirectUri: 'https://project.web.app/oauth/callback',
  returnTo: [
    'https://app.example/connected',
    'com.example.app:/connected',
    'https://dev.example:8443/',
  ],
};
const addressFor = (headers: Record<string, string>) => proxyAddressOf(app, headers, 'id');
const at = (origin: string) => `${origin}/v1/connections/id/proxy`;

describe('the address to which the proxy leads back', () => {
  it('is the one of the app by which the request came', () => {
    const host = 'api-abc-uc.a.run.app';
    for (const [forwarded, origin] of [
      ['project.web.app', 'https://project.web.app'],
      ['app.example', 'https://app.example'],
      ['dev.example:8443', 'https://dev.example:8443'],
    ] as const) {
      assert.equal(addressFor({ host, 'x-forwarded-host': forwarded }), at(origin));
      assert.equal(addressFor({ host: forwarded }), at(origin));
    }
  });

  for (const host of [
    ...['evil.example', 'project.web.app.evil.example', 'project.web.app:444', 'app.example@evil'],
    ...['https://app.example', 'evil.example, app.example', 'app.example/..', '', 'localhost'],
    ...['us-central1-project.cloudfunctions.net', 'com.example.app', 'dev.example'],
  ]) {
    it(`is never one that a request names and the settings do not: ${JSON.stringify(host)}`, () => {
      const expected = at('https://project.web.app');
      assert.equal(addressFor({ host, 'x-forwarded-host': host }), expected);
      assert.equal(addressFor({ 'x-forwarded-host': host }), expected);
      assert.equal(addressFor({ host }), expected);
    });
  }
});
