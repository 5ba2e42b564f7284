import type { Channel, ChannelDigit } from './channel.ts';
import { playOnChannel } from './playback.ts';
import type { PlaybackHost } from './playback.ts';

/** The arguments of `play_and_get_digits`, in FreeSWITCH's order. */
export interface DigitCollection {
  readonly digitsMin: number;
  readonly digitsMax: number;
  readonly triesMax: number;
  readonly timeoutMs: number;
  readonly terminators: string;
  readonly file: string;
  readonly invalidFile: string;
  readonly variable: string;
  readonly pattern: string;
  readonly digitTimeoutMs: number;
}

/** FreeSWITCH's buffer for digits. */
const DIGITS_MAX = 127;
const TRIES_MAX = 100;
const TIMEOUT_MIN_MS = 1_000;
/** Patterns come from the application; their length and that of what they meet are bounded. */
const PATTERN_LENGTH_MAX = 256;

/** Reads the argument of `play_and_get_digits`; undefined when it is empty. */
export function parseDigitCollection(argument: string): DigitCollection | undefined {
  const args = splitArguments(argument);
  if (args.length === 0) return undefined;
  const number = (index: number): number => Math.max(0, Math.trunc(Number(args[index] ?? 0)) || 0);
  const digitsMin = Math.min(DIGITS_MAX, number(0));
  const timeoutMs = Math.max(TIMEOUT_MIN_MS, number(3));
  return {
    digitsMin,
    digitsMax: Math.min(DIGITS_MAX, Math.max(digitsMin, number(1))),
    triesMax: Math.min(TRIES_MAX, number(2)),
    timeoutMs,
    terminators: args[4] ?? '#',
    file: args[5] ?? '',
    invalidFile: args[6] ?? '',
    variable: args[7] ?? '',
    pattern: args[8] ?? '',
    // Without one the first timeout holds between digits too.
    digitTimeoutMs: number(9) === 0 ? timeoutMs : number(9),
  };
}

/** Arguments are separated by blanks; quotes hold one together. */
export function splitArguments(text: string): string[] {
  const args: string[] = [];
  for (const match of text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)) {
    args.push(match[1] ?? match[2] ?? match[3] ?? '');
  }
  return args;
}

/**
 * `play_and_get_digits` (switch_play_and_get_digits, switch_ivr_read): plays the prompt, which the first key
 * ends, collects until there are enough digits, a terminator or a timeout, and tries again after an invalid
 * entry. Sets the variable, `<variable>_invalid`, `read_result` and `read_terminator_used`.
 */
export async function collectDigits(
  host: PlaybackHost,
  channel: Channel,
  plan: DigitCollection,
  signal: AbortSignal,
): Promise<void> {
  if (plan.variable !== '') channel.setVariable(`${plan.variable}_invalid`, undefined);
  channel.setVariable('read_terminator_used', undefined);
  const pattern = compile(plan.pattern);
  for (let tries = 0; tries < plan.triesMax && !signal.aborted; tries++) {
    const entry = await readOnce(host, channel, plan, signal);
    if (signal.aborted) return;
    if (plan.digitsMin === 0 && entry.digits === '' && entry.terminator !== undefined) return;
    if (entry.isComplete && entry.digits !== '') {
      if (pattern === undefined || pattern.test(entry.digits)) return;
      if (plan.variable !== '') {
        channel.setVariable(plan.variable, undefined);
        channel.setVariable(`${plan.variable}_invalid`, entry.digits);
      }
    }
    // Keys pressed during this file belong to the next try.
    channel.holdsDigits = true;
    if (plan.invalidFile !== '') await playOnChannel(host, channel, plan.invalidFile, signal);
    channel.holdsDigits = false;
  }
}

interface DigitEntry {
  readonly digits: string;
  readonly terminator: string | undefined;
  /** Enough digits, whatever ended the entry. */
  readonly isComplete: boolean;
}

async function readOnce(
  host: PlaybackHost,
  channel: Channel,
  plan: DigitCollection,
  signal: AbortSignal,
): Promise<DigitEntry> {
  channel.setVariable('read_result', undefined);
  if (plan.variable !== '') channel.setVariable(plan.variable, undefined);
  let digits = '';
  let terminator: string | undefined;
  const take = ({ digit }: ChannelDigit): boolean => {
    if (terminator !== undefined || digits.length >= plan.digitsMax) return true;
    if (plan.terminators !== 'none' && plan.terminators.includes(digit)) terminator = digit;
    else digits += digit;
    return true;
  };
  const isDone = (): boolean => terminator !== undefined || digits.length >= plan.digitsMax;
  // Between prompt and collection keys may come: none is lost.
  channel.holdsDigits = true;
  let isFileMissing = false;
  if (plan.file !== '' && plan.file !== 'silence') {
    const played = await playOnChannel(host, channel, plan.file, signal, take);
    isFileMissing = played.status === 'not-found';
  }
  let isTimeout = false;
  if (!isFileMissing && !isDone() && !signal.aborted) {
    const firstMs = digits === '' ? plan.timeoutMs : plan.digitTimeoutMs;
    isTimeout = await waitForDigits(channel, firstMs, plan.digitTimeoutMs, signal, take, isDone);
  }
  channel.holdsDigits = false;
  if (terminator !== undefined) channel.setVariable('read_terminator_used', terminator);
  const isLongEnough = digits.length >= plan.digitsMin;
  const isComplete = isLongEnough && !isFileMissing;
  if (!isComplete) channel.setVariable('read_result', 'failure');
  else channel.setVariable('read_result', isTimeout ? 'timeout' : 'success');
  if (plan.variable !== '' && digits !== '') channel.setVariable(plan.variable, digits);
  return { digits, terminator, isComplete };
}

/** @returns true when the time between digits ran out. */
function waitForDigits(
  channel: Channel,
  firstTimeoutMs: number,
  digitTimeoutMs: number,
  signal: AbortSignal,
  take: (digit: ChannelDigit) => boolean,
  isDone: () => boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (isTimeout: boolean): void => {
      clearTimeout(timer);
      channel.digitListener = undefined;
      signal.removeEventListener('abort', onAbort);
      resolve(isTimeout);
    };
    const onAbort = (): void => finish(false);
    let timer = setTimeout(() => finish(true), firstTimeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    const listener = (digit: ChannelDigit): void => {
      take(digit);
      if (isDone()) {
        finish(false);
        return;
      }
      clearTimeout(timer);
      timer = setTimeout(() => finish(true), digitTimeoutMs);
    };
    channel.digitListener = listener;
    for (let held = channel.takeHeldDigit(); held !== undefined; held = channel.takeHeldDigit()) {
      listener(held);
      if (isDone()) return;
    }
  });
}

/** FreeSWITCH takes a pattern that cannot be compiled as never met. */
function compile(pattern: string): RegExp | undefined {
  if (pattern === '') return undefined;
  if (pattern.length > PATTERN_LENGTH_MAX) return /(?!)/;
  try {
    return new RegExp(pattern);
  } catch {
    return /(?!)/;
  }
}
