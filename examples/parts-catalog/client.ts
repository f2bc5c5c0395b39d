/**
 * `client.ts <method> <URL> [JSON]`: gets an access token by client credentials (RFC 6749 §4.4) and
 * calls any API with it. The variables PARTS_… say whose; without them the sandbox's.
 */
import * as oauth from 'oauth4webapi';

const {
  PARTS_ISSUER = 'http://127.0.0.1:9020',
  PARTS_AUDIENCE = 'https://parts.example.com',
  PARTS_CLIENT_ID = 'parts-client',
  PARTS_CLIENT_SECRET = 'sandbox',
  PARTS_SCOPE = 'parts.read parts.write',
} = process.env;

const [method = '', address = '', json] = process.argv.slice(2);
const url = URL.parse(address);
if (url === null || method === '') {
  console.error(`Say what to call: npm run -s parts -- GET <URL> ['{"some": "JSON"}']`);
  process.exit(2);
}
// A token is for nobody else on the way.
if (url.protocol !== 'https:' && !['127.0.0.1', 'localhost'].includes(url.hostname)) {
  console.error('The URL must be https.');
  process.exit(2);
}

const answer = await fetch(url, {
  method,
  redirect: 'manual',
  headers: {
    authorization: `Bearer ${await accessToken()}`,
    ...(json !== undefined && { 'content-type': 'application/json' }),
  },
  ...(json !== undefined && { body: json }),
});
console.error(answer.status, answer.statusText, answer.headers.get('www-authenticate') ?? '');
console.log(await answer.text());
process.exitCode = answer.ok ? 0 : 1;

async function accessToken(): Promise<string> {
  const issuer = new URL(PARTS_ISSUER);
  const insecure = { [oauth.allowInsecureRequests]: issuer.hostname === '127.0.0.1' };
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, insecure),
  );
  const client = { client_id: PARTS_CLIENT_ID };
  const given = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    oauth.ClientSecretBasic(PARTS_CLIENT_SECRET),
    // RFC 8707: which API the token is for.
    { scope: PARTS_SCOPE, resource: PARTS_AUDIENCE },
    insecure,
  );
  return (await oauth.processClientCredentialsResponse(server, client, given)).access_token;
}
