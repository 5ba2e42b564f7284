import { isIPv6 } from 'node:net';

const GROUP_COUNT = 8;
/** What one customer of a provider is given at least (RFC 6177 §2): within it addresses cost nothing. */
const PREFIX_GROUP_COUNT = 4;

/**
 * What limits by address count: an IPv4 address, also one mapped into IPv6, as it is; of an IPv6 address the
 * /64 it belongs to, such as `2001:db8:0:1::/64`. Anything else as it is.
 */
export function addressBlock(address: string): string {
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%', 1).join('').split('::', 2);
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: GROUP_COUNT - left.length - right.length }, () => '0');
  const all = [...left, ...zeros, ...right];
  return `${all.slice(0, PREFIX_GROUP_COUNT).join(':')}::/64`;
}

function groups(text: string): string[] {
  return text === '' ? [] : text.split(':').map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''));
}
