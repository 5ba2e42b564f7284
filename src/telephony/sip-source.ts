/** Where a SIP request came from, as the SIP server saw it on its socket (not what its Via says). */
export interface SipSource {
  /** IPv4 address. */
  readonly address: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
}

/** True when both name the same socket. */
export function sameSource(a: SipSource, b: SipSource): boolean {
  return a.address === b.address && a.port === b.port && a.transport === b.transport;
}
