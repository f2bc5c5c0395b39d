/**
 * The proxy in a process of its own, so that its memory is its own. Argument: the API's address. Tells
 * its parent where it is, and for each message how much memory it has had at most, in bytes.
 */
import { startProxyBefore } from './proxied.ts';

const { url } = await startProxyBefore(process.argv[2] ?? '', { timeoutMs: 600_000 });
process.send?.({ url });
// Not `maxRSS`, in which the process that forked this one is reckoned as well.
let mostBytes = 0;
setInterval(() => {
  mostBytes = Math.max(mostBytes, process.memoryUsage.rss());
}, 10);
process.on('message', () => process.send?.({ mostBytes }));
process.on('disconnect', () => process.exit());
