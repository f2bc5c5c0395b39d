import * as oauth from 'oauth4webapi';
import { authorize } from '../../provider/browser.ts';
import type { SandboxProvider } from '../../provider/provider.ts';

const redirectUri = 'http://127.0.0.1:5000/oauth/callback';
const insecure = { [oauth.allowInsecureRequests]: true };

/** A relying party written with oauth4webapi, as an app would. */
export class RelyingParty {
  readonly #provider: SandboxProvider;
  readonly #client: oauth.Client;
  readonly #authentication: oauth.ClientAuth;

  constructor(provider: SandboxProvider, kind: '' | '-post' | '-public' = '') {
    const authentications = {
      '': oauth.ClientSecretBasic,
      '-post': oauth.ClientSecretPost,
      '-public': oauth.None,
    };
    this.#provider = provider;
    this.#client = { client_id: `strongroom-sandbox${kind}` };
    this.#authentication = authentications[kind](provider.clientSecret);
  }

  async discover(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(this.#provider.url);
    return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
  }

  /** The whole authorization code flow for one account. */
  async connect(account = 'ada', scope?: string): Promise<oauth.TokenEndpointResponse> {
    const server = await this.discover();
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const nonce = oauth.generateRandomNonce();
    const answer = await authorize({
      authorizationUrl: await this.authorizationUrl({
        verifier,
        state,
        nonce,
        ...(scope === undefined ? {} : { extra: { scope } }),
      }),
      account,
      decision: 'allow',
    });
    const params = oauth.validateAuthResponse(server, this.#client, answer, state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      this.#client,
      this.#authentication,
      params,
      redirectUri,
      verifier,
      insecure,
    );
    return oauth.processAuthorizationCodeResponse(server, this.#client, response, {
      expectedNonce: nonce,
      requireIdToken: true,
    });
  }

  async authorizationUrl(flow: {
    readonly verifier?: string;
    readonly state?: string;
    readonly nonce?: string;
    readonly extra?: Readonly<Record<string, string>>;
  }): Promise<URL> {
    const { authorization_endpoint: endpoint } = await this.discover();
    const url = new URL(endpoint ?? '');
    const parameters: Record<string, string | undefined> = {
      client_id: this.#client.client_id,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid profile email offline_access',
      prompt: 'consent',
      state: flow.state,
      nonce: flow.nonce,
      ...flow.extra,
    };
    if (flow.verifier !== undefined) {
      parameters['code_challenge'] = await oauth.calculatePKCECodeChallenge(flow.verifier);
      parameters['code_challenge_method'] = 'S256';
    }
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    return url;
  }

  async refresh(refreshToken: string | undefined): Promise<oauth.TokenEndpointResponse> {
    const server = await this.discover();
    const response = await oauth.refreshTokenGrantRequest(
      server,
      this.#client,
      this.#authentication,
      refreshToken ?? '',
      insecure,
    );
    return oauth.processRefreshTokenResponse(server, this.#client, response);
  }

  async revoke(token: string | undefined): Promise<void> {
    const server = await this.discover();
    const response = await oauth.revocationRequest(
      server,
      this.#client,
      this.#authentication,
      token ?? '',
      insecure,
    );
    await oauth.processRevocationResponse(response);
  }

  async introspect(token: string): Promise<oauth.IntrospectionResponse> {
    const server = await this.discover();
    const response = await oauth.introspectionRequest(
      server,
      this.#client,
      this.#authentication,
      token,
      insecure,
    );
    return oauth.processIntrospectionResponse(server, this.#client, response);
  }

  async userInfo(accessToken: string, subject: string): Promise<oauth.UserInfoResponse> {
    const server = await this.discover();
    const response = await oauth.userInfoRequest(server, this.#client, accessToken, insecure);
    return oauth.processUserInfoResponse(server, this.#client, subject, response);
  }

  /** Calls the provider's API. */
  call(path: string, accessToken?: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (accessToken !== undefined) headers.set('authorization', `Bearer ${accessToken}`);
    return fetch(`${this.#provider.url}/api${path}`, { ...init, headers });
  }
}
