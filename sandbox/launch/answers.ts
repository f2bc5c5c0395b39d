import { connect, type NetConnectOpts } from 'node:net';

/** Whether somebody listens there: a port of this machine, or a socket's path. */
export function answers(at: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(at);
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
