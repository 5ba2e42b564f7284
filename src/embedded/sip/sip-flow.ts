/** Transports spoken here. */
export type SipProtocol = 'udp' | 'tcp';

/** Where a message goes: numeric IPv4 address and port. */
export interface SipTarget {
  readonly protocol: SipProtocol;
  readonly address: string;
  readonly port: number;
}

/** Where a message came from and where it was received; enough to answer over the same path. */
export interface SipFlow extends SipTarget {
  readonly localAddress: string;
  readonly localPort: number;
}

/** An address the stack listens on. */
export interface SipAddress {
  readonly protocol: SipProtocol;
  readonly host: string;
  readonly port: number;
}
