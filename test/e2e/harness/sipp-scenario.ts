import { glare } from './sipp-glare.ts';
import { DIALOG_HEADERS, payloadTypesOf, type PhoneFacts, sdp, send } from './sipp-message.ts';

/**
 * How a callee treats one call. `ringMs` is the time between 180 and what follows; with `earlyMedia` the 180
 * is a 183 with SDP, and the phone's media are heard from then on (RFC 3960 §3).
 */
export type CalleeTurn = { readonly earlyMedia?: boolean } & (
  | { readonly kind: 'answer'; readonly ringMs?: number }
  | { readonly kind: 'refuse'; readonly status: number; readonly reason: string; readonly ringMs?: number }
  | { readonly kind: 'ring-for-ever' }
);

const REFUSALS = [
  400, 402, 403, 404, 405, 406, 408, 410, 413, 415, 416, 420, 480, 481, 482, 483, 484, 485, 486, 487, 488,
];
const FAILURES = [...REFUSALS, 491, 500, 501, 502, 503, 504, 513, 600, 603, 604, 606];

const REPLY_HEADERS = `[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]`;

function scenario(steps: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="phone">\n${steps.join('\n')}\n</scenario>\n`;
}

/** Remembers the dialog's two ends, because `[last_…]` means the latest message, which may be a cue. */
function remember(from: string, to: string): string {
  return `<action>
    <ereg regexp=".*" search_in="hdr" header="${from}" assign_to="from"/>
    <ereg regexp=".*" search_in="hdr" header="${to}" assign_to="to"/>
  </action>`;
}

/** The phone's own re-INVITE with another direction of its media (RFC 3264 §8.4). */
function reInvite(
  facts: PhoneFacts,
  label: string,
  { cseq, direction, next }: { cseq: number; direction: string; next: string },
): string[] {
  const body = sdp(facts.host, '[media_port+4]', payloadTypesOf(facts), { direction, version: cseq + 1 });
  const request = (method: string): string =>
    `${method} [next_url] SIP/2.0\n${DIALOG_HEADERS}\n[routes]\nCSeq: ${cseq} ${method}\nMax-Forwards: 70\n` +
    `Contact: <sip:${facts.user}@[local_ip]:[local_port]>\n`;
  return [
    `<label id="${label}"/>`,
    send(
      `${request('INVITE')}Content-Type: application/sdp\nContent-Length: [len]\n\n${body}`,
      'retrans="500"',
    ),
    '<recv response="100" optional="true"/>',
    '<recv response="200"/>',
    send(`${request('ACK')}Content-Length: 0`, `next="${next}"`),
  ];
}

/**
 * The part after the answer, of both sides: waits for cues and for what the far end does, in any order. INFO
 * is the cue to send the next keys, MESSAGE to hang up, NOTIFY to hold, REFER to take the call back,
 * SUBSCRIBE to ask for a transfer to what its Refer-To names, after which the phone hears how that goes and
 * waits.
 */
function inCall(facts: PhoneFacts, cseq: number): string[] {
  const steps: string[] = [];
  const stages = facts.sippKeys.length + 1;
  for (let stage = 0; stage < stages; stage++) {
    const last = stage === stages - 1;
    steps.push(
      `<label id="talk${stage}"/>`,
      last ? '' : `<recv request="INFO" optional="true" next="keys${stage}"/>`,
      '<recv request="MESSAGE" optional="true" next="hangup"/>',
      `<recv request="NOTIFY" optional="true" next="hold${stage}"/>`,
      `<recv request="REFER" optional="true" next="resume${stage}"/>`,
      `<recv request="SUBSCRIBE" optional="true" next="refer"><action>
    <ereg regexp=".*" search_in="hdr" header="Refer-To:" assign_to="referTo"/>
  </action></recv>`,
      last && facts.crossesOffers ? '<recv request="PUBLISH" optional="true" next="glare"/>' : '',
      `<recv request="INVITE" optional="true" next="reinvite${stage}"/>`,
      `<recv request="UPDATE" optional="true" next="update${stage}"/>`,
      `<recv request="OPTIONS" optional="true" next="options${stage}"/>`,
      `<recv request="ACK" optional="true" next="talk${stage}"/>`,
      // A CANCEL that crossed our 200 is answered and changes nothing (RFC 3261 §9.2).
      `<recv request="CANCEL" optional="true" next="options${stage}"/>`,
      '<recv request="BYE" next="bye"/>',
    );
    if (!last) {
      const play = `<exec play_pcap_audio="keys${stage}.pcap"/>`;
      steps.push(`<label id="keys${stage}"/>`, `<nop next="talk${stage + 1}"><action>${play}</action></nop>`);
    }
    const answer = `SIP/2.0 200 OK\n${REPLY_HEADERS}\nContact: <sip:${facts.user}@[local_ip]:[local_port]>`;
    const withBody = `${answer}\nContent-Type: application/sdp\nContent-Length: [len]\n\n${sdp(facts.host, '[media_port+4]', payloadTypesOf(facts))}`;
    steps.push(
      `<label id="reinvite${stage}"/>`,
      send(withBody, `retrans="500" next="talk${stage}"`),
      `<label id="update${stage}"/>`,
      send(withBody, `next="talk${stage}"`),
      ...reInvite(facts, `hold${stage}`, { cseq, direction: 'sendonly', next: `talk${stage}` }),
      ...reInvite(facts, `resume${stage}`, { cseq: cseq + 1, direction: 'sendrecv', next: `talk${stage}` }),
      `<label id="options${stage}"/>`,
      send(`${answer}\nContent-Length: 0`, `next="talk${stage}"`),
    );
  }
  const bye = `BYE [next_url] SIP/2.0\n${DIALOG_HEADERS}\n[routes]\nCSeq: ${cseq + 2} BYE\nMax-Forwards: 70\nContent-Length: 0`;
  const ok = `SIP/2.0 200 OK\n${REPLY_HEADERS}\nContent-Length: 0`;
  if (facts.crossesOffers) steps.push(...glare(facts, cseq, `talk${stages - 1}`));
  steps.push(
    '<label id="hangup"/>',
    send(bye, 'retrans="500"'),
    '<recv response="200" next="end"/>',
    '<label id="refer"/>',
    send(
      `REFER [next_url] SIP/2.0\n${DIALOG_HEADERS}\n[routes]\nCSeq: ${cseq + 3} REFER\nMax-Forwards: 70\n` +
        `Contact: <sip:${facts.user}@[local_ip]:[local_port]>\nRefer-To:[$referTo]\nContent-Length: 0`,
      'retrans="500"',
    ),
    '<recv response="202"/>',
    '<label id="referred"/>',
    '<recv request="NOTIFY" optional="true" next="told"/>',
    '<recv request="OPTIONS" optional="true" next="told"/>',
    '<recv request="BYE" next="bye"/>',
    '<label id="told"/>',
    send(ok, 'next="referred"'),
    '<label id="bye"/>',
    send(`SIP/2.0 200 OK\n${REPLY_HEADERS}\nContent-Length: 0`),
    '<label id="end"/>',
    '<nop/>',
  );
  return steps;
}

/**
 * A caller: INVITE, a challenge when there is one, then the call. Before the answer MESSAGE is the cue to
 * give up (CANCEL).
 */
export function callerScenario(facts: PhoneFacts): string {
  const offer = facts.offer ?? 'g711';
  const body =
    offer === 'none'
      ? ''
      : sdp(facts.host, '[media_port+4]', offer === 'g711' ? payloadTypesOf(facts) : '96 97');
  const content =
    offer === 'none'
      ? 'Content-Length: 0\n\n'
      : `Content-Type: application/sdp\nContent-Length: [len]\n\n${body}`;
  const from = `"${facts.displayName}" <sip:${facts.user}@[local_ip]:[local_port]>;tag=[pid]c[call_number]`;
  const request = (method: string, cseq: number, extra: string, end: string): string =>
    `${method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: ${from}
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: ${cseq} ${method}
Contact: <sip:${facts.user}@[local_ip]:[local_port]>
Max-Forwards: 70
${extra}${end}`.replace('[peer_tag_param]', method === 'ACK' ? '[peer_tag_param]' : '');
  const invite = (cseq: number, extra: string): string =>
    send(
      request('INVITE', cseq, `Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE\n${extra}`, content),
      'retrans="500"',
    );
  const ackRefusal = (cseq: number): string => send(request('ACK', cseq, '', 'Content-Length: 0'));
  const wait = (cseq: number, challenged: string): string[] => [
    `<label id="wait${cseq}"/>`,
    `<recv response="100" optional="true" next="wait${cseq}"/>`,
    `<recv response="180" optional="true" next="wait${cseq}"/>`,
    `<recv response="183" optional="true" next="wait${cseq}"/>`,
    ...(challenged === ''
      ? []
      : [401, 407].map(
          (status) => `<recv response="${status}" auth="true" optional="true" next="${challenged}"/>`,
        )),
    `<recv request="MESSAGE" optional="true" next="cancel${cseq}"/>`,
    ...(challenged === '' ? [...FAILURES, 401, 407] : FAILURES).map(
      (status) => `<recv response="${status}" optional="true" next="refused${cseq}"/>`,
    ),
    `<recv response="200" rrs="true" next="answered${cseq}">${remember('From:', 'To:')}</recv>`,
    `<label id="cancel${cseq}"/>`,
    send(
      request('CANCEL', cseq, '', 'Content-Length: 0').replace(
        /branch=\[branch\]/,
        `branch=[branch-${cseq === 1 ? 1 : 1}]`,
      ),
      'retrans="500"',
    ),
    '<recv response="200"/>',
    '<recv response="487"/>',
    `<label id="refused${cseq}"/>`,
    ackRefusal(cseq).replace('<send ', '<send next="end" '),
    `<label id="answered${cseq}"/>`,
    send(
      `ACK [next_url] SIP/2.0\n${DIALOG_HEADERS}\n[routes]\nCSeq: ${cseq} ACK\nMax-Forwards: 70\n${
        offer === 'none'
          ? `Content-Type: application/sdp\nContent-Length: [len]\n\n${sdp(facts.host, '[media_port+4]', payloadTypesOf(facts))}`
          : 'Content-Length: 0'
      }`,
      'next="talk0"',
    ),
  ];
  const credentials = facts.password === undefined ? '' : '[authentication]\n';
  return scenario([
    invite(1, ''),
    ...wait(1, facts.password === undefined ? '' : 'challenged'),
    ...(facts.password === undefined
      ? []
      : ['<label id="challenged"/>', ackRefusal(1), invite(2, credentials), ...wait(2, '')]),
    ...inCall(facts, 3),
  ]);
}

/**
 * A callee that takes each new call by the next of `turns`; the last one holds for all that follow. Answers
 * OPTIONS.
 */
export function calleeScenario(facts: PhoneFacts, turns: readonly CalleeTurn[]): string {
  const contact = `Contact: <sip:${facts.user}@[local_ip]:[local_port]>`;
  const tagged = REPLY_HEADERS.replace('[last_To:]', '[last_To:];tag=[pid]s[call_number]');
  const response = (status: string, end: string): string =>
    `SIP/2.0 ${status}\n${tagged}\n${contact}\n${end}`;
  const withMedia = `Content-Type: application/sdp\nContent-Length: [len]\n\n${sdp(facts.host, '[media_port+4]', payloadTypesOf(facts))}`;
  const steps: string[] = [
    '<Global variables="calls"/>',
    '<recv request="OPTIONS" optional="true" next="alive"/>',
    `<recv request="INVITE" rrs="true">
  <action>
    <add assign_to="calls" value="1"/>
    ${turns.map((_, at) => `<test assign_to="turn${at}" variable="calls" compare="${at === turns.length - 1 ? 'greater_than_equal' : 'equal'}" value="${at + 1}"/>`).join('\n    ')}
    <ereg regexp=".*" search_in="hdr" header="From:" assign_to="to"/>
    <ereg regexp=".*" search_in="hdr" header="To:" assign_to="callee"/>
    <assignstr assign_to="from" value="[$callee];tag=[pid]s[call_number]"/>
  </action>
</recv>`,
    send(response('100 Trying', 'Content-Length: 0').replace(`;tag=[pid]s[call_number]`, '')),
    ...turns.map((_, at) => `<nop test="turn${at}" next="turn${at}"/>`),
  ];
  turns.forEach((turn, at) => {
    const ringing = turn.earlyMedia
      ? response('183 Session Progress', withMedia)
      : response('180 Ringing', 'Content-Length: 0');
    steps.push(`<label id="turn${at}"/>`, send(ringing));
    steps.push(...(turn.kind === 'ring-for-ever' ? [] : ringFor(turn.ringMs ?? 0)));
    if (turn.kind === 'answer') {
      steps.push(send(response('200 OK', withMedia), 'retrans="500" next="talk0"'));
    } else if (turn.kind === 'refuse') {
      steps.push(
        send(response(`${turn.status} ${turn.reason}`, 'Content-Length: 0'), 'retrans="500"'),
        '<recv request="ACK" next="end"/>',
      );
    } else {
      steps.push('<recv request="CANCEL" next="cancelled"/>');
    }
  });
  steps.push(
    '<label id="alive"/>',
    send(response('200 OK', 'Content-Length: 0'), 'next="end"'),
    '<label id="cancelled"/>',
    send(`SIP/2.0 200 OK\n${tagged}\nContent-Length: 0`),
    send(
      `SIP/2.0 487 Request Terminated\n${tagged.replace('[last_CSeq:]', 'CSeq: [cseq] INVITE')}\nContent-Length: 0`,
      'retrans="500"',
    ),
    '<recv request="ACK" next="end"/>',
    ...inCall(facts, 1),
  );
  return scenario(steps);
}

/** Ringing may be cut short by a CANCEL, so the pause is the time limit of a wait for one. */
let ringCount = 0;
function ringFor(durationMs: number): string[] {
  if (durationMs === 0) return [];
  const label = `rung${ringCount++}`;
  return [
    `<recv request="CANCEL" timeout="${durationMs}" ontimeout="${label}" next="cancelled"/>`,
    `<label id="${label}"/>`,
  ];
}

/** One REGISTER with digest authentication for the phone at `contactPort`. */
export function registerScenario(facts: PhoneFacts, contactPort: number, expiresSec: number): string {
  const request = (cseq: number, credentials: string): string =>
    send(
      `REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]
From: <sip:${facts.user}@[remote_ip]>;tag=[pid]r[call_number]
To: <sip:${facts.user}@[remote_ip]>
Call-ID: [call_id]
CSeq: ${cseq} REGISTER
Contact: <sip:${facts.user}@[local_ip]:${contactPort}>
Max-Forwards: 70
Expires: ${expiresSec}
${credentials}Content-Length: 0`,
      'retrans="500"',
    );
  return scenario([
    request(1, ''),
    '<recv response="100" optional="true"/>',
    '<recv response="200" optional="true" next="end"/>',
    '<recv response="401" auth="true"/>',
    request(2, '[authentication]\n'),
    '<recv response="100" optional="true"/>',
    '<recv response="200"/>',
    '<label id="end"/>',
    '<nop/>',
  ]);
}
