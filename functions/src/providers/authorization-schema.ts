import * as v from 'valibot';
import { hostPatternSchema } from './api-schema.ts';
import { freeName, scopeSchema, text } from './primitives.ts';
import { urlTemplateSchema } from './template.ts';

/** The protocol's own parameters: what they hold is not for settings or callers to say. */
const reserved = new Set([
  'client_assertion',
  'client_assertion_type',
  'client_id',
  'client_secret',
  'code',
  'code_challenge',
  'code_challenge_method',
  'code_verifier',
  'dpop_jkt',
  'grant_type',
  'nonce',
  'redirect_uri',
  'refresh_token',
  'request',
  'request_uri',
  'resource',
  'response_mode',
  'response_type',
  'state',
]);

/** What an authorization response tells in any case (RFC 6749 §4.1.2, RFC 9207). */
const answered = new Set(['iss', 'error', 'error_description', 'error_uri']);

const parameterNameSchema = v.pipe(
  v.string(),
  v.regex(/^[\w.-]{1,64}$/, 'must be the name of a parameter'),
  v.check((name) => !reserved.has(name), 'must not name a parameter that the protocol sets itself'),
);

export const parametersSchema = v.record(
  parameterNameSchema,
  v.pipe(v.string(), v.maxLength(2_048)),
);

/** An absolute URI without a fragment (RFC 8707 §2). */
const resourceSchema = v.pipe(
  v.string(),
  v.check((uri) => URL.canParse(uri) && !uri.includes('#'), 'must be an absolute URI without #'),
);

/** How users authorize the app, as far as providers differ; see docs/connect/authorization-code.md. */
export const authorizationEntries = {
  /** Extra parameters of the authorization request: `{"prompt": "consent"}`. */
  authorizationParameters: v.optional(parametersSchema, {}),
  /** Those that callers may choose themselves: `["prompt", "ui_locales"]`. */
  callerParameters: v.optional(v.array(parameterNameSchema), []),
  /** Parameters of the authorization response that are kept with the tokens: `["realmId"]`. */
  callbackParameters: v.optional(
    v.array(
      v.pipe(
        parameterNameSchema,
        v.regex(new RegExp(`^${freeName}`), 'must not be the name of a token or of the client'),
        v.check(
          (name) => !answered.has(name),
          'must not name what the authorization response tells by itself',
        ),
      ),
    ),
    [],
  ),
  /** What the code is called in the authorization response, where not `code`. */
  codeParameter: v.exactOptional(parameterNameSchema),
  /** What the provider calls our redirect URI, where it gave it a name of its own. */
  redirectUriAlias: v.exactOptional(text),
  /** What follows `#` in the authorization request's URL. */
  authorizationFragment: v.exactOptional(text),
  /** The hosts that variables which users set may lead requests to. */
  endpointHosts: v.optional(v.array(hostPatternSchema), []),
  /** Extra parameters of the token request, and of a refresh. */
  tokenParameters: v.optional(parametersSchema, {}),
  refreshParameters: v.optional(parametersSchema, {}),
  /** The API that the tokens are for (RFC 8707), told at each of these requests. */
  resource: v.exactOptional(resourceSchema),
  /** What a scope is called once it is granted, where that is not what it was asked for by. */
  scopeAliases: v.optional(v.record(scopeSchema, scopeSchema), {}),
  /** RFC 7636. `none` is for a provider that refuses its parameters, and for no other. */
  pkce: v.optional(v.picklist(['S256', 'none']), 'S256'),
  /** Whether the authorization request is sent behind the browser's back (RFC 9126). */
  par: v.optional(v.picklist(['offered', 'always', 'never']), 'offered'),
  /** Binds the tokens to a key of the connection's own (RFC 9449). Default: no. */
  dpop: v.optional(v.boolean(), false),
  /** `transport`: that it comes from the token endpoint is enough (OIDC Core 1.0 §3.1.3.7). */
  idTokenSignature: v.optional(v.picklist(['required', 'transport']), 'required'),
  /** A redirect URI of its own, `app.redirectUri/<id>`: against mix-up where no `iss` comes. */
  ownRedirectUri: v.optional(v.boolean(), false),
};

/** The endpoints of these, where they are written down. */
export const authorizationEndpoints = {
  pushedAuthorizationRequestEndpoint: v.optional(urlTemplateSchema),
  jwksUri: v.optional(urlTemplateSchema),
};
