import assert from 'node:assert/strict';
import { exchangeToken, type TokenExchange } from '../../src/oauth/token-exchange.ts';
import { conversation } from './conversation.ts';

const type = 'urn:ietf:params:oauth:token-type:';
const given = {
  access_token: 'other',
  issued_token_type: `${type}access_token`,
  token_type: 'Bearer',
  expires_in: 300,
};
const wanted: TokenExchange = {
  subject: { token: 'subject', type: 'access_token' },
  audiences: [],
  resources: [],
  parameters: [],
};

const exchange = (request: Partial<TokenExchange>, body: unknown, init?: ResponseInit) => {
  const { party, asked } = conversation(() => Response.json(body, init));
  return { asked, exchanged: exchangeToken(party, { ...wanted, ...request }) };
};

describe('a token exchange', () => {
  it('sends what RFC 8693 names, lists as the parameter several times', async () => {
    const { asked, exchanged } = exchange(
      {
        actor: { token: 'actor', type: 'jwt' },
        audiences: ['one', 'two'],
        resources: ['https://api.example/'],
        scopes: ['read', 'write'],
        requestedTokenType: 'jwt',
        parameters: [['requested_subject', 'bob']],
      },
      given,
    );
    assert.equal((await exchanged).answer.access_token, 'other');
    assert.deepEqual(
      [...(asked[0]?.body ?? [])].filter(([name]) => name !== 'client_id'),
      [
        ['subject_token', 'subject'],
        ['subject_token_type', `${type}access_token`],
        ['actor_token', 'actor'],
        ['actor_token_type', `${type}jwt`],
        ['audience', 'one'],
        ['audience', 'two'],
        ['resource', 'https://api.example/'],
        ['scope', 'read write'],
        ['requested_token_type', `${type}jwt`],
        ['requested_subject', 'bob'],
        ['grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      ],
    );
  });

  it('takes an access token by either of its types, and the pair that was asked for', async () => {
    const jwt = { ...given, issued_token_type: `${type}jwt` };
    assert.equal((await exchange({}, jwt).exchanged).answer.access_token, 'other');
    const pair = { ...given, issued_token_type: `${type}refresh_token`, refresh_token: 'r' };
    const asked = { requestedTokenType: 'refresh_token' } as const;
    assert.equal((await exchange(asked, pair).exchanged).answer.refresh_token, 'r');
  });

  const refused = {
    'of a type that was not asked for': { issued_token_type: `${type}refresh_token` },
    'of a type that is none of ours': { issued_token_type: `${type}saml2` },
    'of no type': { issued_token_type: null },
    'that is not for sending': { token_type: 'N_A' },
  };
  for (const [what, patch] of Object.entries(refused)) {
    it(`revokes a token ${what}, and no refresh token beside it`, async () => {
      const { asked, exchanged } = exchange({}, { ...given, refresh_token: 'r', ...patch });
      await assert.rejects(exchanged);
      const revoked = asked.slice(1).map(({ path, body }) => [path, body.get('token')]);
      assert.deepEqual(revoked, [['/revoke', 'other']]);
    });
  }

  it('revokes nothing where it is given its own token back', async () => {
    const { asked, exchanged } = exchange({}, { ...given, access_token: 'subject' });
    await assert.rejects(exchanged, { kind: 'invalid' });
    assert.equal(asked.length, 1);
  });

  it('fails by who must act', async () => {
    const failing = (error: string, status = 400) => exchange({}, { error }, { status }).exchanged;
    await assert.rejects(failing('access_denied', 403), { code: 'access_denied' });
    await assert.rejects(failing('invalid_target'), {
      kind: 'operator',
      providerError: 'invalid_target',
    });
    await assert.rejects(failing('invalid_grant'), { kind: 'user' });
    await assert.rejects(failing('invalid_request', 503), { kind: 'transient' });
  });
});
