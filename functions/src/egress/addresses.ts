import { BlockList, isIP } from 'node:net';

/**
 * Addresses that no request may reach outside the sandbox: this host, its networks and its
 * metadata service, and what is not a public unicast address
 * (https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry).
 * One list per family: a rule for `::ffff:0:0/96` would match every IPv4 address as well.
 */
const forbidden = {
  ipv4: blockList('ipv4', [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    // Azure's metadata and wire server, at an address that looks public.
    ['168.63.129.16', 32],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ]),
  // Global unicast is 2000::/3 (RFC 4291 §2.4); the rest, and the exceptions within.
  ipv6: blockList('ipv6', [
    ['::', 3],
    ['4000::', 2],
    ['8000::', 1],
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['3fff::', 20],
  ]),
};

const loopback = {
  ipv4: blockList('ipv4', [['127.0.0.0', 8]]),
  ipv6: blockList('ipv6', [['::1', 128]]),
};

function blockList(
  family: 'ipv4' | 'ipv6',
  subnets: readonly (readonly [network: string, prefix: number])[],
): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of subnets) list.addSubnet(network, prefix, family);
  return list;
}

/** Whether a request may be sent to this IP address. */
export function isAllowedAddress(address: string, allowLoopback: boolean): boolean {
  if (isLoopbackAddress(address)) return allowLoopback;
  const family = familyOf(address);
  return family !== undefined && !forbidden[family].check(address, family);
}

/** 127.0.0.0/8 or ::1. */
export function isLoopbackAddress(address: string): boolean {
  const family = familyOf(address);
  return family !== undefined && loopback[family].check(address, family);
}

/** None for what is no address, or one with a zone (RFC 4007 §11): that is of a link, not public. */
function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  if (address.includes('%')) return undefined;
  const version = isIP(address);
  if (version === 0) return undefined;
  return version === 4 ? 'ipv4' : 'ipv6';
}

/** `http` to 127.0.0.0/8, [::1] or localhost. */
export function isLoopbackHttp(url: URL): boolean {
  return (
    url.protocol === 'http:' &&
    (url.hostname === 'localhost' ||
      url.hostname === '[::1]' ||
      /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(url.hostname))
  );
}
