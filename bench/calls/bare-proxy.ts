/** The least that Node can do: a reverse proxy of ten lines, with nobody verified and nothing kept. */
import { Agent, createServer, request } from 'node:http';

const agent = new Agent({ keepAlive: true });
const port = Number(process.argv[2]);
const server = createServer((asked, response) => {
  const { method, url: path, headers } = asked;
  const sent = request({ host: '127.0.0.1', port, method, path, headers, agent }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  asked.pipe(sent);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') process.send?.({ port: address?.port });
});
process.on('disconnect', () => process.exit());
