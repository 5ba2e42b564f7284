import type { CallbackRunner } from '../callback/callback-runner.ts';
import type { NewCallback } from '../callback/new-callback.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import { untilStored } from '../callback/store-retry.ts';
import type { MessageTaken } from '../ivr/flow-host.ts';
import type { Clock } from '../kernel/clock.ts';
import { messageOf } from '../kernel/errors.ts';
import type { CallbackId, CallId, IdSource, RecordingId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { RecordingBook, RecordingMeasure } from '../recording/recording-book.ts';
import type { Leg } from '../telephony/leg.ts';
import { MessageListener } from './message-listener.ts';
import type { OpenCallbacks } from './open-callbacks.ts';
import type { ServiceDirectory } from './service-directory.ts';

/** Tries to store anything while the caller hears nothing: about two seconds. */
const TRIES_ON_LINE = 3;
/** User data of the callback under which agents find the recording's id. */
const MESSAGE_DATA_KEY = '_message';

export interface MessageDeskOptions {
  readonly recordings: RecordingBook;
  readonly runner: CallbackRunner;
  readonly openCallbacks: OpenCallbacks;
  readonly directory: ServiceDirectory;
  readonly ids: IdSource;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whose message is taken, and what the callback of it is to be. */
export interface MessageRequest {
  readonly leg: Leg;
  readonly callId: CallId;
  readonly settings: QueueSettings;
  /** Screened, E.164. */
  readonly number: string;
  /** Empty: the caller has not dialled, but was called. */
  readonly dialled: string;
  readonly language: string;
  readonly place: { readonly atMs: number; readonly priority: number };
  /** Plays the tone after which the caller speaks. */
  readonly tone: () => Promise<void>;
  /** Ends the message. */
  readonly finish: AbortSignal;
}

/** Takes messages of callers and makes callbacks of them, at the place that the caller had in the line. */
export class MessageDesk {
  readonly #options: MessageDeskOptions;

  constructor(options: MessageDeskOptions) {
    this.#options = options;
  }

  /** Rejects only when the recording's end could not be stored; the next start then looks at its file. */
  async take(request: MessageRequest): Promise<MessageTaken> {
    const { ids, log, recordings } = this.#options;
    const { callId, settings } = request;
    const callbackId = ids.next('callback');
    const subject = { kind: 'voicemail', callId, callbackId, virtualQueue: settings.name } as const;
    let recordingId: RecordingId | undefined;
    try {
      const { id, path } = await recordings.begin(subject);
      recordingId = id;
      const measure = await this.#record(request, path);
      if (!measure) {
        await recordings.failed(id);
        return { kind: 'empty' };
      }
      await this.#untilStored(request.leg, () => recordings.finished(id, measure));
    } catch (error) {
      log.error({ error, callId, reason: messageOf(error) }, 'a message could not be recorded');
      if (recordingId !== undefined) await recordings.failed(recordingId);
      return { kind: 'failed' };
    }
    return this.#book(request, callbackId, recordingId);
  }

  /** Undefined: nobody said anything. */
  async #record(
    { leg, callId, settings, tone, finish }: MessageRequest,
    path: string,
  ): Promise<RecordingMeasure | undefined> {
    const { clock, log } = this.#options;
    const recording = await leg.record(path);
    const recordedAtMs = clock.monotonicMs();
    const listener = new MessageListener({ leg, clock, silenceMs: settings.voicemailSilenceSec * 1000 });
    await tone();
    const toneMs = clock.monotonicMs() - recordedAtMs;
    listener.begin();
    log.info({ callId, toneMs }, 'message begins');
    const endedBy = await new Promise<string>((resolve) => {
      const timer = clock.setTimer(settings.voicemailMaxSec * 1000, () => resolve('time'));
      const settle = (by: string) => (): void => {
        clock.clearTimer(timer);
        resolve(by);
      };
      if (finish.aborted) settle('caller')();
      finish.addEventListener('abort', settle('caller'), { once: true });
      void recording.ended.then(settle('recorder'));
      void listener.silent.then(settle('silence'));
    });
    const heard = listener.close();
    const measure = await recording.stop();
    log.info({ endedBy, ...measure, ...heard }, 'message recorded');
    // Where nobody listens, what was recorded counts as spoken.
    const messageMs = measure.durationMs - toneMs;
    const spokenMs = heard?.spokenMs ?? messageMs;
    const isLongEnough = messageMs > 0 && messageMs >= settings.voicemailMinSec * 1000;
    return isLongEnough && spokenMs > 0 ? measure : undefined;
  }

  async #book(
    request: MessageRequest,
    callbackId: CallbackId,
    recordingId: RecordingId,
  ): Promise<MessageTaken> {
    const { log, openCallbacks, recordings, runner } = this.#options;
    const { leg, settings, number } = request;
    try {
      const wish = this.#callbackOf(request, callbackId, recordingId);
      const outcome = await this.#untilStored(leg, () => runner.create(wish, { kind: 'customer' }));
      if (outcome.kind !== 'refused') return { kind: 'booked', callbackId };
      log.info({ reason: outcome.refusal.kind, recordingId }, 'no callback was made of a message');
    } catch (error) {
      log.error({ error, recordingId }, 'a message is kept without a callback');
    }
    // Whoever is called back already can be told of the message then.
    await recordings.belongsTo(recordingId, openCallbacks.pendingOf(settings.name, number)?.id ?? null);
    return { kind: 'kept' };
  }

  /** Who waits on the line is told soon; for who has hung up it is this or nothing. */
  #untilStored<Result>(leg: Leg, work: () => Promise<Result>): Promise<Result> {
    const { clock, log } = this.#options;
    let tryCount = 0;
    const wanted = (): boolean => leg.termination !== undefined || tryCount < TRIES_ON_LINE;
    const onFailure = (error: unknown): void => {
      tryCount++;
      log.error({ error, tryCount }, 'a message could not be stored');
    };
    return untilStored({ clock, wanted, onFailure }, work);
  }

  #callbackOf(
    { callId, settings, number, dialled, language, place }: MessageRequest,
    id: CallbackId,
    recordingId: RecordingId,
  ): NewCallback {
    const { clock, directory } = this.#options;
    const nowMs = clock.nowMs();
    const hours =
      settings.businessHours === undefined ? undefined : directory.businessHours(settings.businessHours);
    const opensAtMs = hours?.isOpen(nowMs) === false ? hours.nextOpening(nowMs) : undefined;
    return {
      id,
      virtualQueue: settings.name,
      customerNumber: number,
      origin: 'ivr',
      originCallId: callId,
      ...(dialled !== '' && { dialledNumber: dialled }),
      language,
      placeAtMs: place.atMs,
      ...(opensAtMs !== undefined && { desiredAtMs: opensAtMs }),
      priority: place.priority,
      userData: { [MESSAGE_DATA_KEY]: recordingId },
    };
  }
}
