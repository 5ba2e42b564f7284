/**
 * Takes SRTP out of a session description: `a=crypto` lines go, RTP/SAVP becomes RTP/AVP (RFC 4568, RFC
 * 3551). A media server that offers SRTP by default would otherwise send it to a phone that never agreed to
 * it. What is not ASCII becomes `?`: the control protocol's library counts characters where lengths are
 * bytes.
 */
export function withoutEncryption(sdp: string): string {
  return sdp
    .replace(/[^\r\n\t\x20-\x7e]/g, '?')
    .replace(/^a=crypto:.*(?:\r\n|\n|$)/gm, '')
    .replace(/^(m=audio \d+ RTP\/)SAVPF?\b/gm, '$1AVP');
}

/**
 * The answer that makes a fresh endpoint wait: our own offer back, receiving only, unencrypted.
 * @param codec what the endpoint is to be set to, as `PCMA/8000`, when it was offered; default the first.
 */
export function waitingAnswer(offer: string, codec?: string): string {
  const ordered = codec === undefined ? offer : withFirstCodec(offer, codec);
  const plain = withoutEncryption(ordered).replace(
    /^a=(?:sendrecv|sendonly|recvonly|inactive)(?:\r\n|\n)/gm,
    '',
  );
  return plain.endsWith('\n') ? `${plain}a=recvonly\r\n` : `${plain}\r\na=recvonly\r\n`;
}

/** Payload types that need no `a=rtpmap` line (RFC 3551 §6, table 4). */
const STATIC_CODECS: Readonly<Record<string, string>> = {
  '0': 'PCMU/8000',
  '8': 'PCMA/8000',
  '9': 'G722/8000',
};

/** The codec that an answer takes: its first payload type (RFC 3264 §6.1), as `PCMA/8000`. */
export function answeredCodec(sdp: string): string | undefined {
  const first = /^m=audio \d+ \S+ (\d{1,3})\b/m.exec(sdp)?.[1];
  return first === undefined ? undefined : codecOf(sdp, first);
}

function codecOf(sdp: string, payloadType: string): string | undefined {
  const map = new RegExp(`^a=rtpmap:${payloadType} ([\\w.-]{1,32}/\\d{1,6})`, 'm').exec(sdp);
  return map?.[1]?.toUpperCase() ?? STATIC_CODECS[payloadType];
}

/** The same description with this codec's payload type first; unchanged where it has none. */
function withFirstCodec(sdp: string, codec: string): string {
  return sdp.replace(/^(m=audio \d+ \S+ )([\d ]+)/m, (line, start: string, list: string) => {
    const payloadTypes = list.trim().split(/ +/);
    const wanted = payloadTypes.find((payloadType) => codecOf(sdp, payloadType) === codec);
    if (wanted === undefined) return line;
    return start + [wanted, ...payloadTypes.filter((payloadType) => payloadType !== wanted)].join(' ');
  });
}

/** Longest session description that is passed on to the media server. */
export const SDP_LENGTH_MAX = 16_384;

/** Why an offer or answer cannot be used, or undefined when it can: plain RTP audio on IPv4 (RFC 4566). */
export function mediaFault(sdp: string): string | undefined {
  if (sdp.length > SDP_LENGTH_MAX) return 'session description too long';
  if (!/^v=0\s*$/m.test(sdp)) return 'not a session description';
  const audio = /^m=audio (\d{1,5})(?:\/\d+)? (\S+) /m.exec(sdp);
  if (!audio) return 'no audio';
  if (audio[1] === '0') return 'audio refused';
  // RFC 3264 §6: a profile that we cannot speak is refused as a whole.
  if (audio[2] !== 'RTP/AVP' && audio[2] !== 'RTP/AVPF')
    return `unsupported profile ${audio[2]?.slice(0, 32)}`;
  return undefined;
}

/** True when both describe the same media: only version numbers and line ends may differ. */
export function sameMedia(a: string, b: string): boolean {
  const essence = (sdp: string): string =>
    sdp
      .replace(/^o=.*$/m, '')
      .replace(/\r/g, '')
      .trim();
  return essence(a) === essence(b);
}

/** Who sends, seen from the side that wrote the description (RFC 3264 §5.1). */
export type MediaDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

const DIRECTION = /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/m;

/** The direction of the audio: its own line, else the session's, else `sendrecv` (RFC 4566 §6). */
export function directionOf(sdp: string): MediaDirection {
  const [session = '', ...sections] = sdp.split(/^(?=m=)/m);
  const audio = sections.find((section) => section.startsWith('m=audio')) ?? '';
  const found = DIRECTION.exec(audio) ?? DIRECTION.exec(session);
  return (found?.[1] as MediaDirection | undefined) ?? 'sendrecv';
}

/**
 * True when the description's author does not want to hear us: hold, also as RFC 2543 had it (RFC 3264 §8.4).
 */
export function isHold(sdp: string): boolean {
  const direction = directionOf(sdp);
  return direction === 'sendonly' || direction === 'inactive' || /^c=IN IP4 0\.0\.0\.0\s*$/m.test(sdp);
}

/** The same description with another direction of its audio. */
export function withDirection(sdp: string, direction: MediaDirection): string {
  const bare = sdp.replace(/^a=(?:sendrecv|sendonly|recvonly|inactive)[ \t]*(?:\r\n|\n|$)/gm, '');
  const line = `a=${direction}\r\n`;
  return bare.endsWith('\n') ? bare + line : `${bare}\r\n${line}`;
}

const ANSWERS: Readonly<Record<MediaDirection, readonly MediaDirection[]>> = {
  sendrecv: ['sendrecv', 'sendonly', 'recvonly', 'inactive'],
  sendonly: ['recvonly', 'inactive'],
  recvonly: ['sendonly', 'inactive'],
  inactive: ['inactive'],
};

/** The answer with a direction that the offer permits: the first of RFC 3264 §6.1 when its own is not one. */
export function answerTo(offer: string, answer: string): string {
  const allowed = ANSWERS[directionOf(offer)];
  return allowed.includes(directionOf(answer)) ? answer : withDirection(answer, allowed[0] ?? 'inactive');
}
