import assert from 'node:assert/strict';
import { parametersOf, redirectUri, refreshed } from '../../oauth/wired.ts';
import { bearsHostileAnswers } from './hostile.ts';

const quirks = ['redirect-uri-on-refresh'];
const answered = { body: { access_token: 'new access' } };

describe('the quirk redirect-uri-on-refresh', () => {
  for (const [what, entry, expected] of [
    ["the app's redirect URI", {}, redirectUri],
    ["the provider's own", { ownRedirectUri: true }, `${redirectUri}/one`],
  ] as const) {
    it(`names ${what} when it refreshes`, async () => {
      const { sent } = await refreshed({ quirks, ...entry }, answered);
      const { redirect_uri: named, grant_type: grant } = parametersOf(sent[0] ?? assert.fail());
      assert.deepEqual([named, grant], [expected, 'refresh_token']);
    });
  }

  bearsHostileAnswers('redirect-uri-on-refresh');
});
