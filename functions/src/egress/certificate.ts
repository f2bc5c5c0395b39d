import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

/** By which a server knows who connects (RFC 8705 §2). PEM. */
export interface ClientCertificate {
  /** With those between it and the root. */
  readonly certificate: string;
  readonly privateKey: string;
}

const known = new WeakMap<ClientCertificate, { httpAgent: HttpAgent; httpsAgent: HttpsAgent }>();

/** Agents that show a certificate. No request without it, or with another, ever goes through them. */
export function agentsShowing(shown: ClientCertificate) {
  const found = known.get(shown);
  if (found !== undefined) return found;
  const { certificate: cert, privateKey: key } = shown;
  // Plain http, of the sandbox alone, knows of no certificates.
  const agents = { httpAgent: new HttpAgent(), httpsAgent: new HttpsAgent({ cert, key }) };
  known.set(shown, agents);
  return agents;
}
