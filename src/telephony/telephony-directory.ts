import type { Trunk } from './directory.ts';

/** H(user:realm:password) in both hash functions (RFC 7616 §3.4.2), hex in lower case. */
export interface DigestSecret {
  readonly md5: string;
  readonly sha256: string;
}

/** Who may register and call, as the configuration says at this moment. Contents may change at run time. */
export interface TelephonyDirectory {
  /** All trunks, disabled ones included. */
  trunks(): readonly Trunk[];
  /** The agent whose phone registers as `user`. */
  agentBySipUser(user: string): { readonly agentId: string; readonly ha1: DigestSecret } | undefined;
  /** Plain password of a trunk, for authenticating in either direction. */
  trunkPassword(name: string): string | undefined;
  /** Digest realm; the `ha1` values are made for it. */
  readonly realm: string;
}
