import assert from 'node:assert/strict';
import { exchangeAt, exchanged, parametersOf, refreshed, wiredParty } from '../../oauth/wired.ts';
import { bearsHostileAnswers } from './hostile.ts';

const quirks = ['nested-user-token'];
const app = {
  access_token: 'of the app',
  refresh_token: 'refresh of the app',
  token_type: 'bot',
  scope: 'write',
  expires_in: 43_200,
  team: 'T1',
};

describe('the quirk nested-user-token', () => {
  it("takes the user's token with all that is about it, and nothing of the app's", async () => {
    const user = { id: 'U1', access_token: 'of the user', token_type: 'user', scope: 'read' };
    const { answer } = await exchanged({ quirks }, { body: { ...app, authed_user: user } });
    assert.deepEqual(answer, {
      access_token: 'of the user',
      token_type: 'bearer',
      scope: 'read',
      id: 'U1',
      team: 'T1',
    });
  });

  it('takes one at the top where it says that it is of a user', async () => {
    const body = { ...app, access_token: 'of the user', token_type: 'user' };
    const { answer } = await refreshed({ quirks }, { body });
    assert.equal(answer.access_token, 'of the user');
    assert.equal(answer.token_type, 'bearer');
  });

  for (const user of [{ id: 'U1' }, { access_token: '' }, { access_token: 7 }, null, 'U1', []]) {
    it(`connects nobody by the app's token, with ${JSON.stringify(user)} in the user's place, and revokes it`, async () => {
      const revocationEndpoint = 'https://one.example/revoke';
      const { party, sent } = await wiredParty(
        { quirks, revocationEndpoint },
        { body: { ...app, authed_user: user } },
        {},
      );
      await assert.rejects(exchangeAt(party), { code: 'provider_answer_invalid' });
      assert.deepEqual(
        sent.slice(1).map((request) => [request.url, parametersOf(request)['token']]),
        [
          [revocationEndpoint, 'refresh of the app'],
          [revocationEndpoint, 'of the app'],
        ],
      );
    });
  }

  bearsHostileAnswers('nested-user-token');
});
