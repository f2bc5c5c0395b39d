import type { Quirk } from './quirk.ts';

/** Of RFC 7523 §2.1 there is the assertion alone; the address says which token is asked for. */
export const assertionAsBearer: Quirk = {
  summary: 'The assertion goes as Bearer, without a form; further parameters go as JSON.',
  token: (send) => (request) => {
    const {
      assertion,
      grant_type: _grantType,
      client_id: _clientId,
      client_secret: _clientSecret,
      ...parameters
    } = request.parameters;
    if (assertion === undefined) return send(request);
    const headers = { ...request.headers, authorization: `Bearer ${assertion}` };
    return send({ ...request, headers, parameters, format: 'json' });
  },
};
