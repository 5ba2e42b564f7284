import type { Channel } from './channel.ts';
import type { MediaLink } from './media-link.ts';

const TONES_PER_CHANNEL_MAX = 8;
/** Frames of 20 ms from one hit to the next. */
const HIT_PAUSE_FRAMES = 26;

/** In-band detection on channels: DTMF heard in the audio, and tones. */
export class Detectors {
  readonly #media: MediaLink;
  readonly #dtmf = new Map<Channel, number>();
  readonly #tones = new Map<Channel, Set<number>>();

  constructor(media: MediaLink) {
    this.#media = media;
  }

  /** `start_dtmf` */
  startDtmf(channel: Channel): void {
    if (this.#dtmf.has(channel) || channel.isHungUp) return;
    const tap = this.#media.nextId();
    this.#dtmf.set(channel, tap);
    channel.cleanups.add(() => this.#dtmf.delete(channel));
    this.#media.order({ type: 'tap', leg: channel.uuid, tap, kind: { type: 'dtmf' } });
  }

  stopDtmf(channel: Channel): void {
    const tap = this.#dtmf.get(channel);
    if (tap === undefined) return;
    this.#dtmf.delete(channel);
    this.#media.order({ type: 'untap', leg: channel.uuid, tap });
  }

  /** `tone_detect`: key, frequencies, flags, timeout, application, argument, hits. */
  startTone(channel: Channel, argument: string): void {
    const [key = '', frequencies = '', , timeout = '', application = '', data = '', hits = '1'] =
      argument.split(' ');
    const frequenciesHz = frequencies
      .split(',')
      .map(Number)
      .filter((hz) => hz > 0 && hz < 4_000);
    const taps = this.#tones.get(channel) ?? new Set<number>();
    if (frequenciesHz.length === 0 || taps.size >= TONES_PER_CHANNEL_MAX || channel.isHungUp) return;
    this.#tones.set(channel, taps);
    const tap = this.#media.nextId();
    taps.add(tap);
    const timeoutMs = Number(timeout.replace('+', ''));
    const timer = timeoutMs > 0 ? setTimeout(() => end(), timeoutMs) : undefined;
    const end = (): void => {
      clearTimeout(timer);
      taps.delete(tap);
      channel.cleanups.delete(end);
      this.#media.forgetTap(tap);
      this.#media.order({ type: 'untap', leg: channel.uuid, tap });
      if (taps.size === 0) this.#tones.delete(channel);
    };
    channel.cleanups.add(end);
    this.#media.onTap(tap, {
      tone: () => {
        if (application !== '') {
          channel.execute({ name: application, argument: data, uuid: '', loopCount: 1 });
        }
        channel.fireBrief('DETECTED_TONE', { 'Detected-Tone': key });
        end();
      },
    });
    // FreeSWITCH counts hits in longer blocks than ours of 20 ms, and pauses for 25 frames after each.
    const hitsMin = 2 + HIT_PAUSE_FRAMES * Math.max(0, (Number(hits) || 1) - 1);
    this.#media.order({
      type: 'tap',
      leg: channel.uuid,
      tap,
      kind: { type: 'tone', frequenciesHz, hitsMin },
    });
  }

  /** `stop_tone_detect` */
  stopTones(channel: Channel): void {
    for (const tap of this.#tones.get(channel) ?? []) {
      this.#media.forgetTap(tap);
      this.#media.order({ type: 'untap', leg: channel.uuid, tap });
    }
    this.#tones.delete(channel);
  }
}
