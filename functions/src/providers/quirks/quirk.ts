/** What is sent to an endpoint of an authorization server, before it is put on the wire. */
export interface WireRequest {
  readonly url: URL;
  readonly method: 'POST' | 'GET' | 'DELETE';
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** By the names of the protocol, the client's credentials among them. */
  readonly parameters: Readonly<Record<string, string>>;
  /** How the parameters travel: in the body as a form (RFC 6749 §4.1.3) or as JSON, or in the URL. */
  readonly format: 'form' | 'json' | 'query';
}

/** What came back. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The members of a JSON object, or of a form; undefined: it is neither. */
  readonly members: Readonly<Record<string, unknown>> | undefined;
}

/** Sends one request to the token endpoint. */
export type SendTokenRequest = (request: WireRequest) => Promise<WireAnswer>;

export interface QuirkContext {
  readonly clientId: string;
  /** Where the provider sends users back to. */
  readonly redirectUri: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** How an issuer is named that has not one name alone. */
export interface IssuerNames {
  /** Whether the metadata may tell this issuer where another was asked. */
  readonly isDiscovered: (told: string, asked: string) => boolean;
  /** Whether `iss` of an authorization response (RFC 9207) may be the issuer that metadata told. */
  readonly isNamed: (iss: string, told: string) => boolean;
  /** What `iss` of an ID token with these claims must be; undefined: none would do. */
  readonly ofToken: (claims: Readonly<Record<string, unknown>>, told: string) => string | undefined;
}

/**
 * How some providers differ from the standards, under a name that their data refers to. A quirk
 * knows no provider; what differs from one to the next is data.
 */
export interface Quirk {
  /** One sentence for the documentation: what such a provider does. */
  readonly summary: string;
  /** Changes the parameters of the authorization request (RFC 6749 §4.1.1). */
  readonly authorize?: (
    parameters: Readonly<Record<string, string>>,
    context: QuirkContext,
  ) => Readonly<Record<string, string>>;
  /** How its issuer is named. */
  readonly issuer?: IssuerNames;
  /** Stands around a request to the token endpoint: changes it, or its answer. */
  readonly token?: (send: SendTokenRequest, context: QuirkContext) => SendTokenRequest;
  /** An access token's end is asked for (RFC 7662) where nothing else tells it. */
  readonly introspects?: boolean;
}
