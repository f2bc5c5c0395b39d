/**
 * The proxy in a process of its own, so that its memory is its own. Argument: the API's address. Tells
 * its parent where it is, and for each message how much memory it has had at most, in bytes.
 */
import { startProxyBefore } from './proxied.ts';

const { url } = await startProxyBefore(process.argv[2] ?? '', { timeoutMs: 600_000 });
process.send?.({ url });
process.on('message', () => process.send?.({ mostBytes: process.resourceUsage().maxRSS * 1_024 }));
process.on('disconnect', () => process.exit());
