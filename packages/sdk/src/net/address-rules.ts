import { BlockList, isIP } from 'node:net';
import { hostPort } from './host-port.ts';

/**
 * Which addresses a URL given by a user may lead to: the public internet only, unless the operator opened more. The
 * ranges are those of the IANA special-purpose registries (RFC 6890 and its updates).
 */
export interface AddressRules {
  /** True when a connection to this address may be made for this host and port. */
  isAllowed(address: string, host: string, port: number): boolean;
}

const CLOSED_V4: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

const CLOSED_V6: readonly [string, number][] = [
  ['::', 128],
  ['::1', 128],
  // Addresses that carry an IPv4 address: translated or tunnelled, they would lead around the list above.
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

/** One list a family: a list of both would match every IPv4 address by `::ffff:0:0/96`. */
function closedAddresses(networks: readonly [string, number][], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of networks) list.addSubnet(network, prefix, family);
  return list;
}

/**
 * Rules that open, besides the public internet, what `allow` names: `host`, `host:port`, an address, or a network such
 * as `10.1.0.0/16`; an IPv6 address with a port stands in brackets. Throws a RangeError that names an entry which is none
 * of these.
 */
export function createAddressRules(allow: readonly string[] = []): AddressRules {
  const closed = { ipv4: closedAddresses(CLOSED_V4, 'ipv4'), ipv6: closedAddresses(CLOSED_V6, 'ipv6') };
  const networks = new BlockList();
  const hosts = new Set<string>();
  for (const entry of allow) {
    const network = parseNetwork(entry);
    const host = network ? undefined : parseHost(entry);
    if (network) networks.addSubnet(network.address, network.prefix, network.family);
    else if (host !== undefined) hosts.add(host);
    else throw new RangeError(`"${entry}" is no host, host:port, address or network such as 10.1.0.0/16`);
  }
  return {
    isAllowed(address, host, port) {
      const name = host.toLowerCase();
      if (hosts.has(name) || hosts.has(hostPort(name, port))) return true;
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      return (
        isIP(address) !== 0 && (networks.check(address, family) || !closed[family].check(address, family))
      );
    },
  };
}

function parseNetwork(
  entry: string,
): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | undefined {
  const [text = '', prefixText] = entry.split('/');
  const address = text.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(address);
  if (version === 0) return undefined;
  const longest = version === 6 ? 128 : 32;
  const prefix = prefixText === undefined ? longest : Number(prefixText);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > longest) return undefined;
  return { address, prefix, family: version === 6 ? 'ipv6' : 'ipv4' };
}

/** A host, or a host with its port, as URLs spell them. */
function parseHost(entry: string): string | undefined {
  if (/^[\w.-]+(?::\d{1,5})?$/.test(entry)) return entry.toLowerCase();
  const [, address = '', port] = /^\[(.+)\]:(\d{1,5})$/.exec(entry) ?? [];
  return isIP(address) === 6 ? `${new URL(`http://[${address}]`).hostname}:${port}` : undefined;
}
