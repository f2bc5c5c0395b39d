import type { Quirk } from './quirk.ts';

/** RFC 6749 §6 asks for nothing of the kind. */
export const redirectUriOnRefresh: Quirk = {
  summary: 'A refresh must name the redirect URI.',
  token:
    (send, { redirectUri }) =>
    (request) =>
      request.parameters['grant_type'] === 'refresh_token' && redirectUri !== undefined
        ? send({ ...request, parameters: { ...request.parameters, redirect_uri: redirectUri } })
        : send(request),
};
