import type { AdmissionLimits } from '../../telephony/call-admission.ts';
import type { DigestAlgorithm } from '../../telephony/digest.ts';
import type { MediaServerConfig } from '../freeswitch/media-server.ts';

/** The SIP server's control port. */
export interface SipServerConfig {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
}

/** Everything the telephony adapter needs to know, with nothing read from the environment. */
export interface TelephonyConfig {
  readonly sipServer: SipServerConfig;
  readonly mediaServer: MediaServerConfig;
  readonly admission: AdmissionLimits;
  /** Longest wait for both servers at start. Default 10 000. */
  readonly connectTimeoutMs?: number;
  /** Time between two OPTIONS to a registered contact. Default 30 000; 0 switches keep-alive off. */
  readonly keepAliveIntervalMs?: number;
  /** Time between two looks whether the far end of a call is there: DialogWatch. Default 30 000; 0: none. */
  readonly dialogCheckIntervalMs?: number;
  /** Offered to phones and trunks, in this order. Default MD5 alone. */
  readonly digestAlgorithms?: readonly DigestAlgorithm[];
}
