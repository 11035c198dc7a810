// Addresses that the service may send a caller's requests to (webhooks, image imports): public ones, and the networks that the installation
// allows.
import { BlockList, isIP, isIPv4 } from 'node:net';

export type AddressPolicy = (address: string) => boolean;

/** Special-purpose IPv4 addresses (IANA registry), multicast and reserved ones. */
const NOT_PUBLIC_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];
const PUBLIC_V6 = ['2000::/3'];
/** Networks inside 2000::/3 that are not public: protocol assignments with Teredo, documentation, 6to4, which carries an IPv4 address. */
const NOT_PUBLIC_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];
/** Networks with an IPv4 address in the last four bytes: mapped addresses, and those that NAT64 translates. */
const EMBEDDING = ['::ffff:0:0/96', '64:ff9b::/96'];

/** Creates the policy. `allowedNetworks`: additional networks, in CIDR notation. */
export function createAddressPolicy(allowedNetworks: readonly string[]): AddressPolicy {
  const [allowed, notV4, publicV6, notV6, embedding] = [allowedNetworks, NOT_PUBLIC_V4, PUBLIC_V6, NOT_PUBLIC_V6, EMBEDDING].map(
    networks,
  ) as [BlockList, BlockList, BlockList, BlockList, BlockList];
  const mayReach = (address: string): boolean => {
    if (isIPv4(address)) return allowed.check(address) || !notV4.check(address);
    if (isIP(address) === 0 || address.includes('%')) return false;
    if (embedding.check(address, 'ipv6')) return mayReach(lastFourBytes(address));
    return allowed.check(address, 'ipv6') || (publicV6.check(address, 'ipv6') && !notV6.check(address, 'ipv6'));
  };
  return mayReach;
}

export function isNetwork(text: string): boolean {
  const [address = '', bits = ''] = text.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most && text.split('/').length === 2;
}

/** The address that a URL contains instead of a host name, or undefined. The URL parser has already normalized spellings such as 0x7f.1. */
export function literalAddress({ hostname }: URL): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? undefined : bare;
}

function networks(list: readonly string[]): BlockList {
  const blocks = new BlockList();
  for (const network of list) {
    const [address = '', bits] = network.split('/');
    blocks.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return blocks;
}

function lastFourBytes(address: string): string {
  const [high = 0, low = 0] = new URL(`http://[${address}]`).hostname
    .slice(1, -1)
    .split(':')
    .slice(-2)
    .map((group) => Number.parseInt(group || '0', 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
