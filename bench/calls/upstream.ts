/** The API behind both proxies, in a process of its own: 1 KB of JSON for whoever has a token. */
import { createServer } from 'node:http';

const body = JSON.stringify({ items: Array.from({ length: 20 }, (_, id) => ({ id, name: 'x' })) });
const headers = {
  'content-type': 'application/json',
  'content-length': String(Buffer.byteLength(body)),
};
const server = createServer((request, response) => {
  const isKnown = request.headers.authorization?.startsWith('Bearer ') === true;
  response.writeHead(isKnown ? 200 : 401, headers).end(body);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') process.send?.({ port: address?.port });
});
process.on('disconnect', () => process.exit());
