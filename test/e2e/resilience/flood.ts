import type { Address } from '../harness/rtp-endpoint.ts';
import { SippProcess, freePort } from '../harness/sipp-process.ts';
import { headerOf } from '../harness/sip-trace.ts';

/** How long an admitted call of a flood stays. */
const HOLD_MS = 400;
const FLOOD_SLACK_MS = 30_000;

export interface FloodOptions {
  readonly to: Address;
  readonly dial: string;
  readonly perSec: number;
  readonly callCount: number;
}

/** What became of a flood's calls. */
export interface FloodOutcome {
  readonly callCount: number;
  readonly answeredCount: number;
  /** Refused with 503. */
  readonly refusedCount: number;
  /** Of these, with Retry-After. */
  readonly retryAfterCount: number;
  /** Final answers to INVITE that are neither 200 nor 503. */
  readonly otherStatuses: readonly number[];
  /** Time of the last INVITE, epoch ms. */
  readonly lastInviteAtMs: number;
}

const HEAD = `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:+4930999[call_number]@[local_ip]:[local_port]>;tag=[pid]t[call_number]`;

const TAIL = `Call-ID: [call_id]
Max-Forwards: 70
Contact: <sip:flood@[local_ip]:[local_port]>`;

// The media of the flood goes to a port that nobody reads: what matters is the media of others.
const SCENARIO = `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="flood">
<send retrans="500"><![CDATA[

INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
${HEAD}
To: <sip:[service]@[remote_ip]:[remote_port]>
${TAIL}
CSeq: 1 INVITE
Content-Type: application/sdp
Content-Length: [len]

v=0
o=flood 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 9 RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
]]></send>
<recv response="100" optional="true"></recv>
<recv response="503" optional="true" next="refused"></recv>
<recv response="200"></recv>
<send next="held"><![CDATA[

ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
${HEAD}
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
${TAIL}
CSeq: 1 ACK
Content-Length: 0

]]></send>
<label id="refused"/>
<send next="over"><![CDATA[

ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
${HEAD.split('\n')[1]}
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
${TAIL}
CSeq: 1 ACK
Content-Length: 0

]]></send>
<label id="held"/>
<pause milliseconds="${HOLD_MS}"/>
<send retrans="500"><![CDATA[

BYE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
${HEAD}
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
${TAIL}
CSeq: 2 BYE
Content-Length: 0

]]></send>
<recv response="200"></recv>
<label id="over"/>
</scenario>
`;

/** New calls at a steady rate, whatever becomes of them; resolves when all are over. */
export async function flood({ to, dial, perSec, callCount }: FloodOptions): Promise<FloodOutcome> {
  const port = await freePort('127.0.0.1');
  const seconds = Math.ceil((callCount / perSec) * 1000 + FLOOD_SLACK_MS);
  const args = [`${to.host}:${to.port}`, '-i', '127.0.0.1', '-p', String(port), '-s', dial];
  args.push('-r', String(perSec), '-m', String(callCount), '-l', String(callCount));
  args.push('-timeout', `${seconds}ms`, '-nd', '-recv_timeout', '20000');
  const process = new SippProcess({ scenario: SCENARIO, args });
  const { code, errors } = await process.ended;
  const finals = new Map<string, { status: number; retryAfter: boolean }>();
  let lastInviteAtMs = 0;
  for (const message of process.messages.items) {
    const { method, status, callId } = message;
    if (method !== 'INVITE') continue;
    if (status === undefined) lastInviteAtMs = Math.max(lastInviteAtMs, message.atMs);
    else if (status >= 200)
      finals.set(callId, { status, retryAfter: headerOf(message, 'Retry-After') !== '' });
  }
  if (finals.size === 0) throw new Error(`the flood did not run (${code}): ${errors.slice(-500)}`);
  const of = (wanted: number) => [...finals.values()].filter(({ status }) => status === wanted);
  return {
    callCount: finals.size,
    answeredCount: of(200).length,
    refusedCount: of(503).length,
    retryAfterCount: of(503).filter(({ retryAfter }) => retryAfter).length,
    otherStatuses: [...finals.values()]
      .map(({ status }) => status)
      .filter((status) => status !== 200 && status !== 503),
    lastInviteAtMs,
  };
}
