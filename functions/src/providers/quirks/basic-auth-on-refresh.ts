import { basicAuthorization } from '../../platform/basic-authorization.ts';
import type { Quirk } from './quirk.ts';

/** RFC 6749 §2.3.1 lets a client use either way, and nobody asks for both. */
export const basicAuthOnRefresh: Quirk = {
  summary: 'A refresh wants the client secret as Basic, though the code is exchanged otherwise.',
  token: (send) => (request) => {
    const { client_id: id, client_secret: secret, ...parameters } = request.parameters;
    if (parameters['grant_type'] !== 'refresh_token' || !id || !secret) return send(request);
    const authorization = basicAuthorization(id, secret);
    return send({ ...request, parameters, headers: { ...request.headers, authorization } });
  },
};
