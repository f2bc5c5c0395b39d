import assert from 'node:assert/strict';
import type { Server, Socket } from 'node:net';

/** A bare TCP listener on this machine; `stop` closes its connections as well. */
export async function listenTcp(
  server: Server,
  { host = '127.0.0.1', port = 0 }: { readonly host?: string; readonly port?: number } = {},
): Promise<{ readonly port: number; readonly stop: () => void }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    port: address.port,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
