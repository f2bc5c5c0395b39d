import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  type AuthorizationSecrets,
  authorizationUrl,
  newAuthorizationSecrets,
} from '../../src/oauth/authorization-request.ts';
import { thumbprintOf } from '../../src/oauth/dpop.ts';
import { OAuthFailure } from '../../src/oauth/failure.ts';
import { authorizingParty, clientId, issuer, redirectUri } from './authorizing.ts';

const pushEndpoint = `${issuer}/par`;
const offersPush = { pushed_authorization_request_endpoint: pushEndpoint };
const requestUri = 'urn:ietf:params:oauth:request_uri:one';
const pushed = () => Response.json({ request_uri: requestUri, expires_in: 60 }, { status: 201 });

type Options = NonNullable<Parameters<typeof authorizingParty>[0]>;
interface Begun {
  readonly url: URL;
  readonly secrets: AuthorizationSecrets;
  readonly sent: ReturnType<typeof authorizingParty>['sent'];
}

async function begun(options: Options = {}, request: object = {}): Promise<Begun> {
  const { party, sent } = authorizingParty(options);
  const scopes = ['openid', 'read'];
  const secrets = await newAuthorizationSecrets(party.provider, scopes);
  const url = await authorizationUrl(party, {
    state: 'state',
    secrets,
    scopes,
    redirectUri,
    ...request,
  });
  return { url, secrets, sent };
}

const s256 = (verifier = '') => createHash('sha256').update(verifier).digest('base64url');

describe('an authorization request', () => {
  it('carries PKCE S256, a nonce, the state and the redirect URI (RFC 7636, OIDC Core 1.0)', async () => {
    const { url, secrets } = await begun();
    assert.equal(`${url.origin}${url.pathname}`, `${issuer}/authorize`);
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: 'openid read',
      state: 'state',
      nonce: secrets.nonce,
      code_challenge: s256(secrets.codeVerifier),
      code_challenge_method: 'S256',
    });
    assert.ok((secrets.codeVerifier ?? '').length >= 43);
  });

  it('never repeats a verifier, a nonce or a key', async () => {
    const settings = { dpop: true };
    const server = { dpop_signing_alg_values_supported: ['ES256'] };
    const [one, two] = await Promise.all([
      begun({ settings, server }),
      begun({ settings, server }),
    ]);
    assert.notEqual(one.secrets.codeVerifier, two.secrets.codeVerifier);
    assert.notEqual(one.secrets.nonce, two.secrets.nonce);
    assert.notDeepEqual(one.secrets.dpopKey, two.secrets.dpopKey);
  });

  it('goes without PKCE only where the settings say so', async () => {
    const { url, secrets } = await begun({ settings: { pkce: 'none' } });
    assert.equal(secrets.codeVerifier, undefined);
    assert.equal(url.searchParams.has('code_challenge'), false);
    assert.equal(url.searchParams.has('code_challenge_method'), false);
  });

  it('says what the settings and the caller say besides, the caller last', async () => {
    const authorizationParameters = { access_type: 'offline', prompt: 'consent' };
    const { url } = await begun(
      { settings: { authorizationParameters, resource: 'https://api.example/v1' } },
      { parameters: { prompt: 'login' }, loginHint: 'ada@example.com' },
    );
    const {
      access_type: accessType,
      prompt,
      login_hint: hint,
      resource,
    } = Object.fromEntries(url.searchParams);
    assert.deepEqual([accessType, prompt, hint], ['offline', 'login', 'ada@example.com']);
    assert.equal(resource, 'https://api.example/v1');
  });

  it('calls parameters what the settings say that the provider calls them', async () => {
    const parameterNames = { client_id: 'client_key', scope: 'user_scope' };
    const { url } = await begun({ settings: { parameterNames } });
    assert.equal(url.searchParams.get('client_key'), clientId);
    assert.equal(url.searchParams.get('user_scope'), 'openid read');
    for (const name of ['client_id', 'scope']) assert.equal(url.searchParams.has(name), false);
    assert.equal(url.searchParams.get('state'), 'state');
  });

  it('names the redirect URI as the provider knows it', async () => {
    const { url } = await begun({ settings: { redirectUriAlias: 'App-App-PRD-1a2b' } });
    assert.equal(url.searchParams.get('redirect_uri'), 'App-App-PRD-1a2b');
  });

  it('writes a space as %20, a plus as %2B, and leaves the rest of the address as it is', async () => {
    const server = { authorization_endpoint: `${issuer}/authorize?a=b+c&scope=none` };
    const { url } = await begun({ server }, { loginHint: 'ada+x@example.com' });
    assert.match(url.search, /^\?a=b%20c&scope=openid%20read&/);
    assert.match(url.search, /&login_hint=ada%2Bx%40example\.com&/);
    assert.doesNotMatch(url.search, /\+/);
    assert.equal(url.hash, '');
  });

  it('ends with the fragment that the settings name', async () => {
    const { url } = await begun({ settings: { authorizationFragment: 'redirect' } });
    assert.equal(url.hash, '#redirect');
    assert.equal(url.searchParams.get('state'), 'state');
  });

  const quirks = ['form-post-callback'];
  it('is changed by the strategies that the settings name, but not in what the protocol sets', async () => {
    const { url, secrets } = await begun({ settings: { quirks } });
    assert.equal(url.searchParams.get('response_mode'), 'form_post');
    assert.equal(url.searchParams.get('code_challenge'), s256(secrets.codeVerifier));
  });

  it('is pushed as those strategies change it (RFC 9126)', async () => {
    const { sent } = await begun({ settings: { quirks }, server: offersPush, answer: pushed });
    assert.equal(sent[0]?.body.get('response_mode'), 'form_post');
  });

  const own = ['redirect_uri', 'state', 'nonce', 'code_challenge', 'response_type', 'client_id'];
  for (const name of [...own, 'request', 'request_uri', 'response_mode', 'dpop_jkt', 'resource']) {
    for (const field of ['authorizationParameters', 'tokenParameters', 'refreshParameters']) {
      it(`is refused the parameter ${name} by ${field}: it is the protocol's own`, () => {
        assert.throws(() => authorizingParty({ settings: { [field]: { [name]: 'x' } } }), {
          code: 'settings_invalid',
        });
      });
    }
    it(`is refused the parameter ${name} by callers, whatever the settings would open`, () => {
      assert.throws(() => authorizingParty({ settings: { callerParameters: [name] } }), {
        code: 'settings_invalid',
      });
    });
  }

  for (const resource of ['api', '/v1', 'https://api.example/#part', '']) {
    it(`is for no resource like ${JSON.stringify(resource)} (RFC 8707 §2)`, () => {
      assert.throws(() => authorizingParty({ settings: { resource } }), {
        code: 'settings_invalid',
      });
    });
  }
});

describe('an authorization request that is pushed (RFC 9126)', () => {
  const answer = pushed;

  it('shows the browser who asks and for which request, and nothing else', async () => {
    const { url, secrets, sent } = await begun(
      { server: offersPush, answer },
      { loginHint: 'ada@example.com' },
    );
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      client_id: clientId,
      request_uri: requestUri,
    });
    assert.equal(sent.length, 1);
    assert.equal(sent[0]?.url, pushEndpoint);
    assert.deepEqual(Object.fromEntries(sent[0]?.body ?? []), {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: 'openid read',
      state: 'state',
      nonce: secrets.nonce,
      login_hint: 'ada@example.com',
      code_challenge: s256(secrets.codeVerifier),
      code_challenge_method: 'S256',
    });
  });

  it('is not pushed where the settings say never, or nobody offers it', async () => {
    for (const options of [{ settings: { par: 'never' }, server: offersPush }, {}]) {
      const { url, sent } = await begun(options);
      assert.equal(sent.length, 0);
      assert.equal(url.searchParams.get('state'), 'state');
    }
  });

  it('is not made at all where the settings say always, and nobody offers it', () =>
    assert.rejects(begun({ settings: { par: 'always' } }), { code: 'provider_misconfigured' }));

  const failures: readonly (readonly [what: string, answer: () => Response, kind: string])[] = [
    [
      'invalid_client',
      () => Response.json({ error: 'invalid_client' }, { status: 401 }),
      'operator',
    ],
    [
      'invalid_request',
      () => Response.json({ error: 'invalid_request' }, { status: 400 }),
      'operator',
    ],
    [
      'invalid_target',
      () => Response.json({ error: 'invalid_target' }, { status: 400 }),
      'operator',
    ],
    ['503', () => new Response('', { status: 503 }), 'transient'],
    ['200', () => Response.json({ request_uri: requestUri, expires_in: 60 }), 'invalid'],
    ['no request_uri', () => Response.json({ expires_in: 60 }, { status: 201 }), 'invalid'],
  ];
  for (const [what, refusal, kind] of failures) {
    it(`does not fall back to the browser after ${what}: ${kind}`, () =>
      assert.rejects(
        begun({ server: offersPush, answer: refusal }),
        (error) => error instanceof OAuthFailure && error.kind === kind,
      ));
  }
});

describe('an authorization request for tokens that are bound to a key (RFC 9449)', () => {
  const server = { dpop_signing_alg_values_supported: ['RS256', 'ES256'] };
  const settings = { dpop: true };

  it('binds the code as well (§10)', async () => {
    const { url, secrets } = await begun({ settings, server });
    assert.ok(secrets.dpopKey);
    assert.equal(url.searchParams.get('dpop_jkt'), await thumbprintOf(secrets.dpopKey));
    assert.equal(url.href.includes(secrets.dpopKey.d), false);
  });

  for (const algorithms of [undefined, ['RS256']]) {
    it(`is not made where the provider offers ${algorithms?.join() ?? 'nothing of the kind'}`, () =>
      assert.rejects(
        begun({
          settings,
          server: algorithms === undefined ? {} : { dpop_signing_alg_values_supported: algorithms },
        }),
        { code: 'provider_misconfigured' },
      ));
  }

  it('is not to be had together with a credential of the settings’ own', () => {
    const credential = { headers: { 'x-token': '{access_token}' } };
    assert.throws(() => authorizingParty({ settings: { ...settings, credential } }), {
      code: 'settings_invalid',
      details: { field: 'providers.one.dpop' },
    });
  });
});
