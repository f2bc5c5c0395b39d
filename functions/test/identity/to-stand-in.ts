/**
 * Loaded before the functions (`node --import`): takes the SDK's connections to Google to the
 * stand-in that a variable names, and refuses every other. All else is the SDK's own: it asks the
 * real addresses and verifies what it gets in full.
 */
import https from 'node:https';
import { connect, type Socket } from 'node:net';

const [hostname = '', port] = (process.env['STRONGROOM_TEST_GOOGLE'] ?? '').split(':');
const google = new Set([
  'www.googleapis.com',
  'identitytoolkit.googleapis.com',
  'firebaseappcheck.googleapis.com',
]);

class ToStandIn extends https.Agent {
  override createConnection(options: https.RequestOptions): Socket {
    if (!google.has(options.host ?? '')) throw new Error(`Nothing stands in for ${options.host}.`);
    return connect(Number(port), hostname);
  }
}

https.globalAgent = new ToStandIn();
