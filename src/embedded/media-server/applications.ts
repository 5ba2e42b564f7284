import type { Application, Channel, RunApplication } from './channel.ts';
import type { Conferences } from './conferences.ts';
import { collectDigits, parseDigitCollection, splitArguments } from './digit-collection.ts';
import { parseHangupCause } from './hangup-cause.ts';
import type { MediaLink } from './media-link.ts';
import type { AudioLibrary } from './audio-library.ts';
import { playOnChannel, runPlayback } from './playback.ts';
import type { Recorder } from './recorder.ts';
import type { Detectors } from './detectors.ts';

/** What applications work with. */
export interface ApplicationHost {
  readonly media: MediaLink;
  readonly library: AudioLibrary;
  readonly conferences: Conferences;
  readonly recorder: Recorder;
  readonly detectors: Detectors;
}

const DTMF_DURATION_DEFAULT_MS = 250;
const DTMF_DURATION_MAX_MS = 8_000;
const SLEEP_MAX_MS = 86_400_000;

/** The applications by name (mod_dptools, mod_conference). */
export function createApplications(host: ApplicationHost): ReadonlyMap<string, Application> {
  const instant = (run: RunApplication): Application => ({ isInstant: true, run });
  const lasting = (run: RunApplication): Application => ({ isInstant: false, run });
  return new Map<string, Application>([
    ...variableApplications(instant),
    ...legApplications(host, instant),
    ['playback', lasting((channel, { argument }, signal) => runPlayback(host, channel, argument, signal))],
    [
      'loop_playback',
      lasting((channel, { argument }, signal) => loopPlayback(host, channel, argument, signal)),
    ],
    [
      'play_and_get_digits',
      lasting((channel, { argument }, signal) => collect(host, channel, argument, signal)),
    ],
    ['record', lasting((channel, { argument }, signal) => host.recorder.run(channel, argument, signal))],
    [
      'conference',
      lasting((channel, { argument }, signal) => host.conferences.run(channel, argument, signal)),
    ],
    ['echo', lasting((channel, _request, signal) => echo(host, channel, signal))],
    ['park', lasting((_channel, _request, signal) => untilAborted(signal, undefined))],
    ['sleep', lasting((_channel, { argument }, signal) => untilAborted(signal, Number(argument) || 0))],
  ]);
}

type Wrap = (run: RunApplication) => Application;

function variableApplications(instant: Wrap): [string, Application][] {
  const set = instant((channel, { argument }) => {
    assign(channel, argument);
    return '_none_';
  });
  return [
    ['set', set],
    ['export', set],
    [
      'multiset',
      instant((channel, { argument }) => {
        const delimiter = /^\^\^(.)/.exec(argument)?.[1] ?? ' ';
        const text = argument.startsWith('^^') ? argument.slice(3) : argument;
        for (const part of text.split(delimiter)) assign(channel, part);
        return '_none_';
      }),
    ],
    [
      'unset',
      instant((channel, { argument }) => {
        channel.setVariable(argument.trim(), undefined);
        return '_none_';
      }),
    ],
  ];
}

function assign(channel: Channel, text: string): void {
  const equals = text.indexOf('=');
  if (equals < 1) return;
  const value = text.slice(equals + 1);
  channel.setVariable(text.slice(0, equals).trim(), value === '' ? undefined : value);
}

function legApplications(host: ApplicationHost, instant: Wrap): [string, Application][] {
  const done = (run: (channel: Channel, argument: string) => void): Application =>
    instant((channel, { argument }) => {
      run(channel, argument);
      return '_none_';
    });
  const avmd = (event: string): Application =>
    done((channel) => channel.fireBrief('CUSTOM', { 'call-command': 'avmd' }, `avmd::${event}`));
  return [
    ['answer', done(() => undefined)],
    ['pre_answer', done(() => undefined)],
    ['hangup', done((channel, argument) => channel.hangup(parseHangupCause(argument)))],
    ['break', done((channel) => channel.interrupt('break'))],
    ['flush_dtmf', done((channel) => channel.flushDigits())],
    ['set_mute', done((channel, argument) => setMute(host, channel, argument))],
    ['send_dtmf', done((channel, argument) => sendDigits(host, channel, argument))],
    ['start_dtmf', done((channel) => host.detectors.startDtmf(channel))],
    ['stop_dtmf', done((channel) => host.detectors.stopDtmf(channel))],
    ['tone_detect', done((channel, argument) => host.detectors.startTone(channel, argument))],
    ['stop_tone_detect', done((channel) => host.detectors.stopTones(channel))],
    ['record_session', instant((channel, { argument }) => recordSession(host, channel, argument))],
    ['stop_record_session', done((channel, argument) => void host.recorder.stop(channel, argument))],
    ['sched_hangup', done(scheduleHangup)],
    ['avmd_start', avmd('start')],
    ['avmd_stop', avmd('stop')],
  ];
}

async function loopPlayback(
  host: ApplicationHost,
  channel: Channel,
  argument: string,
  signal: AbortSignal,
): Promise<string> {
  const match = /^\+(-?\d+)\s+(.*)$/.exec(argument);
  const loopCount = match === null ? Infinity : Number(match[1]) < 0 ? Infinity : Number(match[1]);
  let response = 'FILE PLAYED';
  for (let i = 0; i < loopCount && !signal.aborted; i++) {
    response = await runPlayback(host, channel, match?.[2] ?? argument, signal);
    if (response !== 'FILE PLAYED') break;
  }
  return response;
}

async function collect(
  host: ApplicationHost,
  channel: Channel,
  argument: string,
  signal: AbortSignal,
): Promise<string> {
  const plan = parseDigitCollection(argument);
  if (plan !== undefined) await collectDigits(host, channel, plan, signal);
  return '_none_';
}

async function echo(host: ApplicationHost, channel: Channel, signal: AbortSignal): Promise<string> {
  host.media.order({ type: 'bridge', leg: channel.uuid, other: channel.uuid });
  await untilAborted(signal, undefined);
  host.media.order({ type: 'unbridge', leg: channel.uuid });
  return '_none_';
}

function untilAborted(signal: AbortSignal, durationMs: number | undefined): Promise<string> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve('_none_');
      return;
    }
    const timer =
      durationMs === undefined
        ? undefined
        : setTimeout(() => resolve('_none_'), Math.min(SLEEP_MAX_MS, Math.max(0, durationMs)));
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve('_none_');
      },
      { once: true },
    );
  });
}

/** `read true`, `write false`, `both true`. */
function setMute(host: ApplicationHost, channel: Channel, argument: string): void {
  const [which = '', value = ''] = argument.split(/\s+/);
  const isMuted = value === 'true' || Number(value) > 0;
  host.media.order({
    type: 'mute',
    leg: channel.uuid,
    ...(which === 'read' || which === 'both' ? { read: isMuted } : {}),
    ...(which === 'write' || which === 'both' ? { write: isMuted } : {}),
  });
}

/** `digits[@milliseconds]`; @returns false when there is nothing to send. */
export function sendDigits(host: { readonly media: MediaLink }, channel: Channel, argument: string): boolean {
  const [digits = '', duration] = argument.trim().split('@');
  const wanted = digits.replace(/[^0-9*#a-d]/gi, '');
  if (wanted === '') return false;
  const asked = Number(duration ?? DTMF_DURATION_DEFAULT_MS) || DTMF_DURATION_DEFAULT_MS;
  const durationMs = Math.min(DTMF_DURATION_MAX_MS, Math.max(40, asked));
  host.media.order({ type: 'dtmf', leg: channel.uuid, digits: wanted, durationMs });
  return true;
}

async function recordSession(host: ApplicationHost, channel: Channel, argument: string): Promise<string> {
  const [name = '', limit = '0'] = splitArguments(argument);
  await host.recorder.start(channel, name, Number(limit.replace('+', '')) || 0);
  return '_none_';
}

/** `+seconds [cause]` from now, or an epoch time. */
export function scheduleHangup(channel: Channel, argument: string): void {
  const [when = '', cause] = argument.trim().split(/\s+/);
  const seconds = when.startsWith('+') ? Number(when.slice(1)) : Number(when) - Date.now() / 1000;
  if (!Number.isFinite(seconds)) return;
  const delayMs = Math.min(SLEEP_MAX_MS, Math.max(0, seconds * 1000));
  const timer = setTimeout(() => channel.hangup(parseHangupCause(cause ?? 'ALLOTTED_TIMEOUT')), delayMs);
  channel.cleanups.add(() => clearTimeout(timer));
}

/** `uuid_broadcast`: plays without an application, beside what runs. */
export function broadcast(host: ApplicationHost, channel: Channel, name: string): void {
  const controller = new AbortController();
  const stop = (): void => controller.abort('hangup');
  channel.cleanups.add(stop);
  void playOnChannel(host, channel, name, controller.signal).finally(() => channel.cleanups.delete(stop));
}
