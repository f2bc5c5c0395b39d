import { isLoopbackHttp } from '../egress/addresses.ts';

/**
 * Whether an address made of what somebody told leads to a host that the settings name. Loopback
 * passes here; outside the sandbox the door to the outside refuses it.
 */
export function isNamed(url: URL, hosts: readonly string[]): boolean {
  if (url.username !== '' || url.password !== '' || url.hash !== '') return false;
  if (isLoopbackHttp(url)) return true;
  if (url.protocol !== 'https:' || url.port !== '') return false;
  return hosts.some((host) =>
    host.startsWith('*.') ? url.hostname.endsWith(host.slice(1)) : url.hostname === host,
  );
}
