import { isIPv4 } from 'node:net';
import type { G711Law } from './g711.ts';

/** Who sends, seen from whoever wrote the description (RFC 3264 §5.1). */
export type MediaDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** An audio stream as a description offers or answers it. */
export interface AudioDescription {
  /** 0.0.0.0 is the old way to hold (RFC 3264 §8.4). */
  readonly address: string;
  /** 0: the stream is refused or ended. */
  readonly port: number;
  readonly direction: MediaDirection;
  /** G.711 payload types in the writer's order of preference. */
  readonly codecs: readonly { readonly law: G711Law; readonly payloadType: number }[];
  /** Payload type of telephone-event/8000 (RFC 4733), when there is one. */
  readonly eventPayloadType: number | undefined;
  /** Milliseconds of audio per packet that the writer prefers. */
  readonly ptimeMs: number | undefined;
}

/** A description read: the audio stream we use, and what else was in it. */
export interface SessionDescription {
  readonly audio: AudioDescription | undefined;
  /** One entry an m-line: its kind, protocol and format list, for the answer (RFC 3264 §6). */
  readonly media: readonly { readonly kind: string; readonly protocol: string; readonly formats: string }[];
  /** Index of `audio` among `media`. */
  readonly audioIndex: number;
}

const SDP_LENGTH_MAX = 16_384;
const MEDIA_MAX = 16;
const FORMATS_MAX = 64;

interface Section {
  readonly line: string;
  readonly lines: string[];
}

/** Reads an SDP (RFC 8866); undefined when it is not one. */
export function parseSessionDescription(text: string): SessionDescription | undefined {
  if (text.length > SDP_LENGTH_MAX || !text.startsWith('v=0')) return undefined;
  const lines = text.split(/\r?\n/);
  const session: string[] = [];
  const sections: Section[] = [];
  for (const line of lines) {
    if (line.startsWith('m=')) sections.push({ line: line.slice(2), lines: [] });
    else (sections.at(-1)?.lines ?? session).push(line);
  }
  if (sections.length === 0 || sections.length > MEDIA_MAX) return undefined;
  const media = sections.map(({ line }) => {
    const [kind = '', , protocol = '', ...formats] = line.trim().split(/\s+/);
    return { kind, protocol, formats: formats.join(' ') };
  });
  const audioIndex = media.findIndex((entry) => entry.kind === 'audio' && isPlainRtp(entry.protocol));
  const section = sections[audioIndex];
  const audio = section === undefined ? undefined : readAudio(section, session);
  return { audio, media, audioIndex };
}

/** SRTP is not spoken here. */
function isPlainRtp(protocol: string): boolean {
  return protocol === 'RTP/AVP' || protocol === 'RTP/AVPF';
}

function readAudio(section: Section, session: readonly string[]): AudioDescription | undefined {
  const [, portText = '', , ...formats] = section.line.trim().split(/\s+/);
  const port = Number(portText.split('/')[0]);
  const connection = valueOf(section.lines, 'c=') ?? valueOf(session, 'c=') ?? '';
  const address = /^IN IP4 ([\d.]+)/.exec(connection)?.[1] ?? '';
  if (!isIPv4(address) || !Number.isInteger(port) || port < 0 || port > 65_535) return undefined;
  const names = new Map<number, string>([
    [0, 'PCMU/8000'],
    [8, 'PCMA/8000'],
  ]);
  for (const line of section.lines) {
    const map = /^a=rtpmap:(\d{1,3})\s+([^\s]+)/.exec(line);
    if (map !== null) names.set(Number(map[1]), (map[2] ?? '').toUpperCase());
  }
  const codecs: { law: G711Law; payloadType: number }[] = [];
  let eventPayloadType: number | undefined;
  for (const format of formats.slice(0, FORMATS_MAX)) {
    const payloadType = Number(format);
    if (!Number.isInteger(payloadType) || payloadType < 0 || payloadType > 127) continue;
    const name = names.get(payloadType);
    if (name === 'PCMU/8000' || name === 'PCMU/8000/1') codecs.push({ law: 'PCMU', payloadType });
    else if (name === 'PCMA/8000' || name === 'PCMA/8000/1') codecs.push({ law: 'PCMA', payloadType });
    else if (name === 'TELEPHONE-EVENT/8000') eventPayloadType ??= payloadType;
  }
  const ptime = Number(valueOf(section.lines, 'a=ptime:') ?? valueOf(session, 'a=ptime:'));
  const direction = directionOf(section.lines) ?? directionOf(session) ?? 'sendrecv';
  const ptimeMs = ptime > 0 ? ptime : undefined;
  return { address, port, direction, codecs, eventPayloadType, ptimeMs };
}

function valueOf(lines: readonly string[], prefix: string): string | undefined {
  return lines
    .find((line) => line.startsWith(prefix))
    ?.slice(prefix.length)
    .trim();
}

function directionOf(lines: readonly string[]): MediaDirection | undefined {
  for (const line of lines) {
    const match = /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/.exec(line);
    if (match !== null) return match[1] as MediaDirection;
  }
  return undefined;
}

/** The direction an answer gives to an offered one (RFC 3264 §6.1). */
export function answerDirection(offered: MediaDirection): MediaDirection {
  if (offered === 'sendonly') return 'recvonly';
  if (offered === 'recvonly') return 'sendonly';
  return offered;
}

/** What both sides settled on. */
export interface NegotiatedAudio {
  readonly law: G711Law;
  readonly payloadType: number;
  /** Undefined when the peer takes no telephone events. */
  readonly eventPayloadType: number | undefined;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Ours. */
  readonly direction: MediaDirection;
}

/**
 * Chooses from a peer's offer or answer: its first G.711 codec; undefined when there is none or no stream.
 */
export function negotiateAudio(remote: AudioDescription | undefined): NegotiatedAudio | undefined {
  const codec = remote?.codecs[0];
  if (remote === undefined || codec === undefined || remote.port === 0) return undefined;
  return {
    law: codec.law,
    payloadType: codec.payloadType,
    eventPayloadType: remote.eventPayloadType,
    remoteAddress: remote.address,
    remotePort: remote.port,
    direction: answerDirection(remote.direction),
  };
}

/** Where we receive, and the numbers of the description's origin line. */
export interface LocalMedia {
  readonly address: string;
  readonly port: number;
  readonly sessionId: number;
  readonly version: number;
}

/** Our offer: PCMU, PCMA and telephone events, 20 ms a packet. */
export function writeOffer(local: LocalMedia): string {
  return sdpOf(local, [
    `m=audio ${local.port} RTP/AVP 0 8 101`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'a=silenceSupp:off - - - -',
    'a=ptime:20',
    'a=sendrecv',
  ]);
}

/** Our answer: the codec settled on; every other stream of the offer refused with port 0 (RFC 3264 §6). */
export function writeAnswer(local: LocalMedia, offer: SessionDescription, settled: NegotiatedAudio): string {
  const lines = offer.media.flatMap((entry, index) =>
    index === offer.audioIndex
      ? answerLines(local, entry.protocol, settled)
      : [`m=${entry.kind} 0 ${entry.protocol} ${entry.formats}`],
  );
  return sdpOf(local, lines);
}

function answerLines(local: LocalMedia, protocol: string, settled: NegotiatedAudio): string[] {
  const { law, payloadType, eventPayloadType } = settled;
  const events = eventPayloadType === undefined ? '' : ` ${eventPayloadType}`;
  return [
    `m=audio ${local.port} ${protocol} ${payloadType}${events}`,
    `a=rtpmap:${payloadType} ${law}/8000`,
    ...(eventPayloadType === undefined
      ? []
      : [`a=rtpmap:${eventPayloadType} telephone-event/8000`, `a=fmtp:${eventPayloadType} 0-15`]),
    'a=silenceSupp:off - - - -',
    'a=ptime:20',
    `a=${settled.direction}`,
  ];
}

function sdpOf(local: LocalMedia, media: readonly string[]): string {
  return [
    'v=0',
    `o=turnkeeper ${local.sessionId} ${local.version} IN IP4 ${local.address}`,
    's=turnkeeper',
    `c=IN IP4 ${local.address}`,
    't=0 0',
    ...media,
    '',
  ].join('\r\n');
}
