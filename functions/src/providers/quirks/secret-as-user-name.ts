import type { Quirk } from './quirk.ts';

/** The secret alone says who the client is; RFC 6749 §2.3.1 has it as the password beside an id. */
export const secretAsUserName: Quirk = {
  summary: 'The client secret goes as the user name of Basic authentication, without a password.',
  token: (send) => (request) => {
    const { client_id: _id, client_secret: secret, ...parameters } = request.parameters;
    if (!secret) return send(request);
    const authorization = `Basic ${btoa(`${secret}:`)}`;
    return send({ ...request, parameters, headers: { ...request.headers, authorization } });
  },
};
