import { AppError, messageOf } from '../../kernel/errors.ts';
import type {
  AudioListener,
  AudioSource,
  Digit,
  PlayOptions,
  PlayOutcome,
  Recording,
} from '../../telephony/leg.ts';
import { bridgeChannels } from './channel-bridge.ts';
import { recordChannel } from './channel-recording.ts';
import { withDeadline } from './deadline.ts';
import type { EslEvent, MrfEndpoint } from './drachtio-fsmrf.ts';
import type { MediaEndpointOptions } from './media-endpoint-options.ts';
import { watchForFax } from './fax-watch.ts';
import { negotiated } from './media-negotiation.ts';
import { playbackArguments } from './playback.ts';
import { withoutEncryption } from './session-description.ts';

const COMMAND_DEADLINE_MS = 3000;
/** Longest wait for each way of ending a channel. */
const DESTROY_DEADLINE_MS = 1500;
/** A break that arrives before the playback has begun is lost: it is repeated. */
const BREAK_INTERVAL_MS = 60;
const BREAKS_MAX = 30;
/** Least time of one round of a loop, so that an unplayable list cannot spin. */
const ROUND_MIN_MS = 200;

/** The name of our stream among a channel's media bugs. */
const TAP_NAME = 'turnkeeper';
const UNUSED_EVENTS = 'CHANNEL_EXECUTE CHANNEL_PROGRESS_MEDIA CHANNEL_ANSWER PLAYBACK_START PLAYBACK_STOP';
/** Keys must not stop a prompt by themselves (FreeSWITCH's default is "*"), and a leg outlives its bridge. */
const CHANNEL_VARIABLES = [
  'playback_terminators=none',
  'park_after_bridge=true',
  'hangup_after_bridge=false',
];

/** A playback that was asked for so long ago runs: a bridge or a conference takes the channel out of it. */
const BEGUN_MS = 250;

interface Playback {
  stopped: boolean;
  /** When the last file was asked for. */
  askedAtMs: number;
  readonly finished: Promise<void>;
}

/** The media server's fault, not the far end's: the call may be tried again. */
function unreachable(why: string, cause?: unknown): AppError {
  return new AppError('MEDIA_SERVER_UNREACHABLE', why, { cause, retryable: true });
}

/** One channel of the media server: plays, hears digits, is bridged, goes away. */
export class MediaEndpoint {
  readonly uuid: string;
  /** Resolves once, when the channel has ended, whoever ended it. */
  readonly gone: Promise<void>;
  readonly #endpoint: MrfEndpoint;
  readonly #options: MediaEndpointOptions;
  readonly #digitListeners = new Set<(digit: Digit) => void>();
  #playback: Playback | undefined;
  #isGone = false;
  #isRecorded = false;
  #end: () => void = () => undefined;
  #destroying: Promise<void> | undefined;
  /** The bridge that the channel is on its way into; never rejects. */
  #joining: Promise<unknown> = Promise.resolve();

  constructor(endpoint: MrfEndpoint, options: MediaEndpointOptions) {
    this.uuid = endpoint.uuid;
    this.#endpoint = endpoint;
    this.#options = options;
    const { dialog } = endpoint;
    this.gone = new Promise((resolve) => {
      this.#end = () => {
        this.#isGone = true;
        resolve();
      };
    });
    endpoint.on('destroy', (hangup?: unknown) => {
      this.#end();
      // Its event socket broke without a hang-up: should the channel still be there, SIP ends it.
      if (hangup === undefined && dialog?.connected === true) void dialog.destroy().catch(() => undefined);
    });
    dialog?.on('destroy', () => this.#end());
    endpoint.on('dtmf', (event: { dtmf?: string }) => this.#heard(event.dtmf));
    this.#prepare();
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Our side of the media, for an offer or an answer: plain RTP. */
  get localSdp(): string {
    return withoutEncryption(this.#endpoint.local.sdp ?? '');
  }

  /**
   * Tells the channel the remote side's media by re-INVITE (RFC 3261 §14); resolves to the channel's answer.
   * Rejects with MEDIA_NOT_ACCEPTED when there is no codec in common, MEDIA_SERVER_UNREACHABLE (retryable)
   * when it does not answer.
   */
  async modify(remoteSdp: string): Promise<string> {
    const { dialog } = this.#endpoint;
    if (!dialog || this.#isGone) throw unreachable('the media channel has ended');
    const answer = negotiated(dialog, withoutEncryption(remoteSdp), this.#options.clock);
    const sdp = await withDeadline(this.#options.clock, COMMAND_DEADLINE_MS, answer);
    if (sdp === undefined) throw unreachable('the media server did not answer in time');
    return sdp;
  }

  /** See Leg#play. */
  async play(sources: readonly AudioSource[], options: PlayOptions = {}): Promise<PlayOutcome> {
    const before = this.#playback;
    let finish: () => void = () => undefined;
    const playback: Playback = {
      stopped: false,
      askedAtMs: this.#options.clock.monotonicMs(),
      finished: new Promise((resolve) => {
        finish = resolve;
      }),
    };
    this.#playback = playback;
    const abort = (): void => void this.#stop(playback);
    options.signal?.addEventListener('abort', abort, { once: true });
    try {
      if (before) await this.#stop(before);
      // What is asked for on the way into a bridge is lost.
      await this.#joining;
      if (options.signal?.aborted === true) playback.stopped = true;
      return await this.#playRounds(playback, sources, options.loop === true);
    } finally {
      options.signal?.removeEventListener('abort', abort);
      if (this.#playback === playback) this.#playback = undefined;
      finish();
    }
  }

  /**
   * Makes way for a bridge or a conference: stops what is playing. A playback that runs is left to end with
   * the command to come, which saves a round of 20 ms.
   */
  async yieldPlaying(): Promise<void> {
    const playback = this.#playback;
    if (!playback) return;
    if (this.#options.clock.monotonicMs() - playback.askedAtMs < BEGUN_MS) await this.#stop(playback);
    else playback.stopped = true;
  }

  /** See Leg#onDigit. */
  onDigit(listener: (digit: Digit) => void): () => void {
    this.#digitListeners.add(listener);
    return () => this.#digitListeners.delete(listener);
  }

  /** A digit that came another way than RFC 4733 (SIP INFO). */
  heardDigit(digit: Digit): void {
    for (const listener of this.#digitListeners) listener(digit);
  }

  /** Sends digits as RFC 4733 events. */
  async sendDigits(digits: string): Promise<void> {
    if (!/^[0-9A-D*#]{1,64}$/.test(digits)) {
      throw new AppError('MEDIA_DIGITS_INVALID', '1 to 64 of 0–9, A–D, * and # can be sent');
    }
    await withDeadline(this.#options.clock, COMMAND_DEADLINE_MS, this.#endpoint.execute('send_dtmf', digits));
  }

  /** Streams what the far end sends to `listener`; returns the way to stop. Undefined: it cannot be had. */
  tap(listener: AudioListener): (() => void) | undefined {
    const tap = this.#options.taps()?.expect(listener);
    if (!tap) return undefined;
    const fork = {
      wsUrl: tap.url,
      mixType: 'mono',
      sampling: '8000',
      bugname: TAP_NAME,
      bidirectionalAudio: { enabled: 'false' },
    } as const;
    const started = this.#endpoint.forkAudioStart(fork).catch((thrown: unknown) => {
      this.#options.log.warn({ error: messageOf(thrown), channel: this.uuid }, 'audio cannot be tapped');
      tap.close();
    });
    const stop = (): void => {
      tap.close();
      if (!this.#isGone) void started.then(() => this.ask('uuid_audio_fork', `stop ${TAP_NAME}`));
    };
    void this.gone.then(() => tap.close());
    return stop;
  }

  /** See Leg#onFaxTone. */
  onFaxTone(listener: () => void): () => void {
    return watchForFax(this.#options.clock, this, listener);
  }

  /** Joins two channels, `other` being the one that answered last: {@link bridgeChannels}. */
  bridge(other: MediaEndpoint): Promise<void> {
    const { joined, settled } = bridgeChannels(this, other, this.#options.clock);
    this.#joining = settled;
    other.#joining = settled;
    return joined;
  }

  /** Parts the channels of a bridge; both stay up. */
  async unbridge(): Promise<void> {
    await this.#joining;
    if (this.#isGone) return;
    await withDeadline(
      this.#options.clock,
      COMMAND_DEADLINE_MS,
      this.#endpoint.unbridge().catch((thrown: unknown) => {
        this.#options.log.debug({ error: messageOf(thrown), channel: this.uuid }, 'unbridge refused');
      }),
    );
  }

  /**
   * See Leg#setMuted. What the channel receives is silenced before anybody gets it; keys still come through.
   */
  async setMuted(muted: boolean): Promise<void> {
    const reply = await this.ask('uuid_audio', muted ? 'start read mute 1' : 'stop');
    if (!reply.startsWith('+OK') && !this.#isGone) {
      throw new AppError('MEDIA_MUTE_FAILED', reply.trim() || 'no answer', { retryable: true });
    }
  }

  /** See Leg#record. */
  async record(path: string): Promise<Recording> {
    if (this.#isRecorded || this.#isGone) {
      throw new AppError('MEDIA_RECORDING_FAILED', 'the call has ended or is recorded already');
    }
    this.#isRecorded = true;
    const { clock, recordingsRoot, recordings } = this.#options;
    const parts = { uuid: this.uuid, root: recordingsRoot, clock, watch: recordings, gone: this.gone };
    const free = (): void => {
      this.#isRecorded = false;
    };
    try {
      const ask = (command: string, argument: string): Promise<string> => this.ask(command, argument);
      const recording = await recordChannel({ ...parts, ask }, path);
      void recording.ended.then(free);
      return recording;
    } catch (thrown) {
      free();
      throw thrown;
    }
  }

  /** Takes the channel out of what it is doing and runs these applications of the inline dialplan. */
  async transferTo(applications: string): Promise<void> {
    const reply = await this.ask('uuid_transfer', `${applications} inline`);
    if (!reply.startsWith('+OK')) throw unreachable(reply.trim() || 'no answer to uuid_transfer');
  }

  /** Hears what the media server tells of this channel by events of this name; returns the way to stop. */
  onEvent(event: 'CUSTOM' | 'CHANNEL_BRIDGE', listener: (event: EslEvent) => void): () => void {
    const { conn } = this.#endpoint;
    // The library asks for CUSTOM itself, and names those events of a channel otherwise.
    if (event !== 'CUSTOM') conn?.sendRecv(`event plain ${event}`);
    const name = `esl::event::${event}::${event === 'CUSTOM' ? '*' : this.uuid}`;
    conn?.on(name, listener);
    return () => conn?.removeListener(name, listener);
  }

  /** The reply to an api command on this channel; empty when it failed. */
  ask(command: string, argument: string): Promise<string> {
    return this.api(command, `${this.uuid} ${argument}`);
  }

  /** The reply to an api command; empty when it failed. */
  async api(command: string, argument: string): Promise<string> {
    const asked = this.#endpoint.api(command, [argument]).then(
      (reply) => reply.getBody(),
      () => '',
    );
    // A channel that ends takes its event socket with it, and the reply.
    const ended = this.gone.then(() => '');
    return (await withDeadline(this.#options.clock, COMMAND_DEADLINE_MS, Promise.race([asked, ended]))) ?? '';
  }

  /** Ends the channel; idempotent, never rejects, bounded. */
  destroy(): Promise<void> {
    this.#destroying ??= this.#destroy();
    return this.#destroying;
  }

  /** Ends the channel without SIP. */
  async kill(): Promise<void> {
    const killed = this.#options.killChannel(this.uuid).catch(() => undefined);
    this.#end();
    await withDeadline(this.#options.clock, DESTROY_DEADLINE_MS, killed);
  }

  /** The media server is gone: nobody is left to say goodbye to. */
  abandon(): void {
    this.#end();
  }

  #prepare(): void {
    const { conn } = this.#endpoint;
    // Subscribed to by fsmrf, of no use here: at a hundred calls a second they are half of what this process
    // reads.
    conn?.sendRecv(`nixevent ${UNUSED_EVENTS}`);
    // By api and at once: three `set` applications would bring six events.
    void this.#endpoint
      .api('uuid_setvar_multi', [this.uuid, CHANNEL_VARIABLES.join(';')])
      .catch(() => undefined);
  }

  async #destroy(): Promise<void> {
    if (this.#isGone) return;
    // FreeSWITCH ends the other channel too when one goes while both are on their way into a bridge.
    await this.#joining;
    // Killed at once: the goodbye of fsmrf waits for the channel to look up, which takes 1.5 s and more in a
    // bridge.
    const killed = this.#options.killChannel(this.uuid).catch(() => undefined);
    await withDeadline(this.#options.clock, DESTROY_DEADLINE_MS, Promise.all([killed, this.gone]));
    if (!this.#isGone) {
      const said = this.#endpoint.destroy().catch(() => undefined);
      await withDeadline(this.#options.clock, DESTROY_DEADLINE_MS, Promise.race([said, this.gone]));
    }
    if (!this.#isGone && this.#endpoint.dialog?.connected === true) {
      void this.#endpoint.dialog.destroy().catch(() => undefined);
    }
    this.#end();
  }

  async #playRounds(
    playback: Playback,
    sources: readonly AudioSource[],
    loop: boolean,
  ): Promise<PlayOutcome> {
    const list = playbackArguments(sources, this.#options.audioRoot);
    for (;;) {
      if (this.#isGone) return 'ended';
      if (playback.stopped) return 'stopped';
      const startedAtMs = this.#options.clock.monotonicMs();
      let missingCount = 0;
      for (const argument of list) {
        playback.askedAtMs = this.#options.clock.monotonicMs();
        const completion = await this.#playOnce(argument);
        if (completion === undefined || this.#isGone || this.#destroying) return 'ended';
        if (playback.stopped) return 'stopped';
        const response = completion.getHeader('Application-Response') ?? '';
        if (/NOT FOUND|ERROR/.test(response)) {
          // A missing prompt must not end a call: the dialogue goes on without it.
          this.#options.log.error({ argument, response, channel: this.uuid }, 'audio could not be played');
          missingCount++;
        }
      }
      if (!loop || missingCount === list.length) return 'done';
      const roundMs = this.#options.clock.monotonicMs() - startedAtMs;
      if (roundMs < ROUND_MIN_MS) await this.#pause(ROUND_MIN_MS - roundMs);
    }
  }

  /** The completion event, or undefined when the call ended. */
  async #playOnce(argument: string): Promise<EslEvent | undefined> {
    const completed = this.#endpoint.execute('playback', argument).catch(() => undefined);
    return Promise.race([completed, this.gone.then(() => undefined)]);
  }

  async #pause(delayMs: number): Promise<void> {
    await withDeadline(this.#options.clock, delayMs, this.gone);
  }

  async #stop(playback: Playback): Promise<void> {
    playback.stopped = true;
    for (let i = 0; i < BREAKS_MAX && !this.#isGone; i++) {
      // Without "all", which would also throw away commands that the channel has not begun.
      void this.#endpoint.api('uuid_break', [this.uuid]).catch(() => undefined);
      const done = playback.finished.then(() => true);
      if ((await withDeadline(this.#options.clock, BREAK_INTERVAL_MS, done)) === true) return;
    }
  }

  #heard(text: string | undefined): void {
    if (text !== undefined && /^[0-9A-D*#]$/.test(text)) this.heardDigit(text as Digit);
  }
}
