import type { Trunk } from './directory.ts';
import type { SipSource } from './sip-source.ts';

/** The 32 bits of an IPv4 address; undefined when it is none. */
export function ipv4Bits(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  let bits = 0;
  for (let i = 1; i <= 4; i++) {
    const octet = Number(match[i]);
    if (octet > 255) return undefined;
    bits = bits * 256 + octet;
  }
  return bits;
}

/** True when `source` lies in `pattern`: `192.0.2.1`, `192.0.2.0/24`, either with `:port`. */
export function addressMatches(pattern: string, source: Pick<SipSource, 'address' | 'port'>): boolean {
  const match = /^([0-9.]+)(?:\/(\d{1,2}))?(?::(\d{1,5}))?$/.exec(pattern);
  if (!match) return false;
  const [, network = '', prefix, port] = match;
  if (port !== undefined && Number(port) !== source.port) return false;
  const networkBits = ipv4Bits(network);
  const sourceBits = ipv4Bits(source.address);
  const prefixLength = prefix === undefined ? 32 : Number(prefix);
  if (networkBits === undefined || sourceBits === undefined || prefixLength > 32) return false;
  const size = 2 ** (32 - prefixLength);
  return Math.floor(networkBits / size) === Math.floor(sourceBits / size);
}

/** How narrow a pattern is: the port counts most, then the length of the prefix. */
function narrowness(pattern: string): number {
  const prefix = /\/(\d{1,2})/.exec(pattern)?.[1];
  const port = /:\d+$/.test(pattern);
  return (port ? 100 : 0) + (prefix === undefined ? 32 : Number(prefix));
}

/** The enabled trunk whose narrowest address pattern covers the source; ties go to the first in the list. */
export function trunkBySource(trunks: readonly Trunk[], source: SipSource): Trunk | undefined {
  let best: Trunk | undefined;
  let bestNarrowness = -1;
  for (const trunk of trunks) {
    if (!trunk.enabled) continue;
    for (const pattern of trunk.addresses) {
      if (!addressMatches(pattern, source)) continue;
      const width = narrowness(pattern);
      if (width > bestNarrowness) {
        best = trunk;
        bestNarrowness = width;
      }
    }
  }
  return best;
}

/** The enabled trunk that authenticates as `username`, when it has a password configured. */
export function trunkByUsername(trunks: readonly Trunk[], username: string): Trunk | undefined {
  return trunks.find((trunk) => trunk.enabled && trunk.username === username && trunk.password !== undefined);
}

/** The trunk for an outbound call: the named one, else the first; only enabled ones with an outbound host. */
export function trunkForDialling(trunks: readonly Trunk[], name: string | undefined): Trunk | undefined {
  return trunks.find(
    (trunk) =>
      trunk.enabled && trunk.outboundHost !== undefined && (name === undefined || trunk.name === name),
  );
}
