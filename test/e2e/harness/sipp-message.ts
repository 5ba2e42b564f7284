import type { PhoneCodec } from './rtp-endpoint.ts';

/** What the scenario texts are made of. */
export interface PhoneFacts {
  readonly host: string;
  readonly user: string;
  readonly displayName: string;
  /** Credentials for a challenge; the password never appears in a trace. */
  readonly password?: string | undefined;
  /** Keys that sipp itself sends, one string a cue. */
  readonly sippKeys: readonly string[];
  /** `sdp` in the INVITE: default offer, none, or an offer of payload types nobody supports. */
  readonly offer?: 'g711' | 'none' | 'unsupported';
  readonly codec?: PhoneCodec;
  /**
   * PUBLISH is the cue to cross its own offers: sipp-glare.ts. No hold and no hang-up of its own afterwards.
   */
  readonly crossesOffers?: boolean;
}

export const payloadTypesOf = ({ codec }: PhoneFacts): string => (codec === 'pcma' ? '8 101' : '0 101');

/** Headers of a phone's own requests within the call. */
export const DIALOG_HEADERS = `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$from]
To:[$to]
Call-ID: [call_id]`;

/** A message that the scenario sends. */
export function send(message: string, attributes = ''): string {
  const [head = '', ...body] = message.split('\n\n');
  return `<send ${attributes}><![CDATA[\n\n${head}\n\n${body.join('\n\n')}\n]]></send>`;
}

/** The body of an offer or answer: one codec and telephone events at the harness's own port. */
export function sdp(
  host: string,
  port: string,
  payloadTypes: string,
  { direction = 'sendrecv', version = 1 } = {},
): string {
  const audio = { '0 101': '0 PCMU', '8 101': '8 PCMA' }[payloadTypes];
  const maps = audio
    ? `a=rtpmap:${audio}/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\na=ptime:20`
    : payloadTypes
        .split(' ')
        .map((type) => `a=rtpmap:${type} CODEC${type}/16000`)
        .join('\n');
  return [
    'v=0',
    `o=phone 1 ${version} IN IP4 ${host}`,
    's=-',
    `c=IN IP4 ${host}`,
    't=0 0',
    `m=audio ${port} RTP/AVP ${payloadTypes}`,
    maps,
    `a=${direction}`,
    '',
  ].join('\n');
}
