import { DIALOG_HEADERS, payloadTypesOf, type PhoneFacts, sdp, send } from './sipp-message.ts';

/** Less than the far end asks for in its Retry-After, as phones do whose user presses the key again. */
const AFTER_REFUSAL_MS = 300;
/** RFC 3261 §14.1: who does not own the Call-ID tries again 0 to 2 s after a 491. */
const AFTER_GLARE_MS = 200;

/**
 * A phone whose offers cross, in the words of sipp; each ACK of a refusal has the branch of its INVITE, which sipp
 * names by the number of messages between the two.
 * 1. Two re-INVITEs at once, to hold and to take back: the second is meant to come before the first has its answer,
 *    and is refused with 500 then (RFC 3261 §14.2), whichever response comes first. It is tried again, and accepted.
 * 2. A re-INVITE without an offer; before the ACK with the answer an UPDATE with an offer, which crosses the far
 *    end's: 491 (RFC 3311 §5.2). It is tried again, and accepted.
 * @param cseq the next of the phone's own.
 */
export function glare(facts: PhoneFacts, cseq: number, next: string): string[] {
  const request = (method: string, number: number, branch = '[branch]'): string =>
    `${method} [next_url] SIP/2.0\n${DIALOG_HEADERS.replace('[branch]', branch)}\n[routes]\n` +
    `CSeq: ${number} ${method}\nMax-Forwards: 70\nContact: <sip:${facts.user}@[local_ip]:[local_port]>\n`;
  const offer = (method: string, number: number, direction: string): string =>
    `${request(method, number)}Content-Type: application/sdp\nContent-Length: [len]\n\n` +
    sdp(facts.host, '[media_port+4]', payloadTypesOf(facts), { direction, version: number + 10 });
  const ack = (number: number, branch?: string): string =>
    `${request('ACK', number, branch)}Content-Length: 0`;
  return [
    '<label id="glare"/>',
    send(offer('INVITE', cseq, 'sendonly')),
    // From the far end's SIP server, while its application has the offer still before it.
    '<recv response="100"/>',
    send(offer('INVITE', cseq + 1, 'sendrecv')),
    '<label id="crossed"/>',
    '<recv response="100" optional="true" next="crossed"/>',
    '<recv response="500" optional="true" next="refusedFirst"/>',
    '<recv response="200" next="acceptedFirst"/>',
    '<label id="refusedFirst"/>',
    send(ack(cseq + 1, '[branch-4]')),
    '<label id="refused"/>',
    '<recv response="100" optional="true" next="refused"/>',
    '<recv response="200"/>',
    send(ack(cseq), 'next="again"'),
    '<label id="acceptedFirst"/>',
    send(ack(cseq)),
    '<label id="accepted"/>',
    '<recv response="100" optional="true" next="accepted"/>',
    '<recv response="200" optional="true" next="acceptedBoth"/>',
    '<recv response="500"/>',
    send(ack(cseq + 1, '[branch-12]'), 'next="again"'),
    '<label id="acceptedBoth"/>',
    send(ack(cseq + 1)),
    '<label id="again"/>',
    `<pause milliseconds="${AFTER_REFUSAL_MS}"/>`,
    send(offer('INVITE', cseq + 2, 'sendrecv')),
    '<recv response="100" optional="true"/>',
    '<recv response="200"/>',
    send(ack(cseq + 2)),
    send(`${request('INVITE', cseq + 3)}Content-Length: 0`),
    '<recv response="100" optional="true"/>',
    '<recv response="200"/>',
    send(offer('UPDATE', cseq + 4, 'sendonly')),
    '<recv response="491"/>',
    send(offer('ACK', cseq + 3, 'sendrecv')),
    `<pause milliseconds="${AFTER_GLARE_MS}"/>`,
    send(offer('UPDATE', cseq + 5, 'sendrecv')),
    '<recv response="200"/>',
    `<nop next="${next}"/>`,
  ];
}
