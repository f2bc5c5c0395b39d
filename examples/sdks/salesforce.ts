import { Connection } from 'jsforce';
import type { ProxyAccess } from '../../client/src/proxy-fetch.ts';

/** Salesforce, by the connection behind the proxy. */
export async function salesforceOf({ proxy, token }: ProxyAccess): Promise<Connection> {
  return new Connection({
    instanceUrl: proxy,
    accessToken: await token(),
    // Asked after every 401, without end: a token that is current is not what was refused.
    async refreshFn(connection, done) {
      const current = await token();
      const isOver = current !== connection.accessToken;
      if (isOver) done(null, current);
      else done(new Error('Salesforce refuses this connection.'));
    },
  });
}
