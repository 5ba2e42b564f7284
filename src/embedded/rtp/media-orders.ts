import type { AudioSegment } from './audio-source.ts';
import type { G711Law } from './g711.ts';

/** How a leg's media stands after an offer and an answer. */
export interface LegMedia {
  readonly law: G711Law;
  readonly payloadType: number;
  readonly eventPayloadType: number | undefined;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly maySend: boolean;
  readonly mayReceive: boolean;
}

/** What a tap listens to: `read` is what the leg hears from its phone, `write` what it sends there. */
export type TapKind =
  | { readonly type: 'record'; readonly isStereo: boolean; readonly isReadOnly: boolean }
  | { readonly type: 'fork'; readonly mix: 'mono' | 'mixed' | 'stereo' }
  | { readonly type: 'dtmf' }
  | { readonly type: 'tone'; readonly frequenciesHz: readonly number[]; readonly hitsMin: number };

/** A conference member's switches. */
export interface MemberFlags {
  readonly isMuted?: boolean;
  readonly isDeaf?: boolean;
}

/** From the control thread to the media thread. `leg` is the channel's uuid. */
export type MediaOrder =
  | { readonly type: 'open'; readonly leg: string }
  | { readonly type: 'media'; readonly leg: string; readonly media: LegMedia }
  | { readonly type: 'close'; readonly leg: string }
  | {
      readonly type: 'play';
      readonly leg: string;
      readonly play: number;
      readonly segments: readonly AudioSegment[];
      readonly isEndless: boolean;
    }
  | { readonly type: 'stop-play'; readonly leg: string; readonly play: number }
  | { readonly type: 'bridge'; readonly leg: string; readonly other: string }
  | { readonly type: 'unbridge'; readonly leg: string }
  | { readonly type: 'mute'; readonly leg: string; readonly read?: boolean; readonly write?: boolean }
  | { readonly type: 'dtmf'; readonly leg: string; readonly digits: string; readonly durationMs: number }
  | { readonly type: 'tap'; readonly leg: string; readonly tap: number; readonly kind: TapKind }
  | { readonly type: 'untap'; readonly leg: string; readonly tap: number }
  | { readonly type: 'pause-tap'; readonly leg: string; readonly tap: number; readonly isPaused: boolean }
  | { readonly type: 'join'; readonly leg: string; readonly conference: string; readonly flags: MemberFlags }
  | { readonly type: 'leave'; readonly leg: string }
  | { readonly type: 'member'; readonly leg: string; readonly flags: MemberFlags }
  | {
      /** In this conference each first one does not hear the second; replaces what was said before. */
      readonly type: 'relations';
      readonly conference: string;
      readonly unheard: readonly (readonly [listener: string, speaker: string])[];
    }
  | {
      readonly type: 'conference-play';
      readonly conference: string;
      readonly play: number;
      /** Only this member hears it; undefined: all. */
      readonly leg: string | undefined;
      readonly segments: readonly AudioSegment[];
    }
  | { readonly type: 'conference-stop-play'; readonly conference: string }
  | { readonly type: 'conference-record'; readonly conference: string; readonly tap: number }
  | { readonly type: 'conference-unrecord'; readonly conference: string; readonly tap: number }
  | { readonly type: 'statistics'; readonly id: number; readonly leg: string | undefined }
  | { readonly type: 'shutdown' };

/** Counters of one leg, as `uuid_set_media_stats` wants them. */
export interface LegStatistics {
  readonly receivedPacketCount: number;
  readonly receivedOctetCount: number;
  readonly sentPacketCount: number;
  readonly sentOctetCount: number;
  readonly lostPacketCount: number;
  readonly jitterMs: number;
  readonly refusedPacketCount: number;
}

/** Counters of the whole media thread. */
export interface EngineStatistics {
  readonly legCount: number;
  readonly socketCount: number;
  readonly conferenceCount: number;
  /** Ticks of the pacing wheel that came more than 20 ms late. */
  readonly lateTickCount: number;
  /** The largest lateness of a tick since the last question, ms. */
  readonly tickLatenessMaxMs: number;
  readonly malformedPacketCount: number;
}

/** From the media thread to the control thread. */
export type MediaReport =
  | { readonly type: 'ready' }
  | { readonly type: 'opened'; readonly leg: string; readonly port: number }
  | { readonly type: 'open-failed'; readonly leg: string; readonly reason: string }
  | { readonly type: 'played'; readonly leg: string; readonly play: number; readonly samples: number }
  | {
      readonly type: 'digit';
      readonly leg: string;
      readonly digit: string;
      readonly durationSamples: number;
      readonly source: 'RTP' | 'INBAND_AUDIO';
    }
  | {
      readonly type: 'audio';
      readonly leg: string;
      readonly tap: number;
      /** Interleaved when there are two channels. */
      readonly samples: Int16Array;
    }
  | { readonly type: 'tone'; readonly leg: string; readonly tap: number }
  | { readonly type: 'talking'; readonly leg: string; readonly isTalking: boolean }
  | {
      readonly type: 'conference-played';
      readonly conference: string;
      readonly play: number;
      readonly samples: number;
    }
  | { readonly type: 'statistics'; readonly id: number; readonly value: LegStatistics | EngineStatistics };

/** What the media thread is started with. */
export interface MediaEngineOptions {
  /** IPv4 address the RTP sockets are bound to. */
  readonly host: string;
  /** Even ports from here … */
  readonly rtpPortMin: number;
  /** … to here carry RTP, the odd one above each RTCP. */
  readonly rtpPortMax: number;
  readonly legsMax: number;
}
