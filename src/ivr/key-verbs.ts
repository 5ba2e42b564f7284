import type { Dialogue } from './dialogue.ts';
import type { ActionOf } from './flow-document.ts';
import { numberOf } from './flow-facts.ts';

/** A key wait without a limit is not asked for; used where the fact behind a limit is unknown. */
const TIMEOUT_FALLBACK_SEC = 5;

type Keys = ActionOf<'menu'> | ActionOf<'offer'>;

/**
 * Plays and waits for one key that has a transition. Outcome: the key, `silence` or `invalid` (of the last
 * try).
 */
export async function runMenu(dialogue: Dialogue, menu: ActionOf<'menu'>): Promise<string | undefined> {
  return await askForKey(dialogue, menu);
}

/**
 * A menu to a waiting caller. Keys pressed to the music before it are forgotten: nobody accepts what they
 * have not heard. Silence and wrong keys mean `declined`.
 */
export async function runOffer(dialogue: Dialogue, offer: ActionOf<'offer'>): Promise<string | undefined> {
  dialogue.digits.clear();
  dialogue.line.offeredAtMs = dialogue.clock.nowMs();
  dialogue.host.offerMade('made');
  const answer = await askForKey(dialogue, offer);
  if (answer === undefined) return undefined;
  const isKey = answer !== 'silence' && answer !== 'invalid';
  dialogue.host.offerMade(isKey ? 'accepted' : 'declined');
  return isKey ? answer : 'declined';
}

async function askForKey(dialogue: Dialogue, keys: Keys): Promise<string | undefined> {
  const facts = dialogue.host.facts();
  const timeoutMs = 1000 * (numberOf(keys.timeoutSec, facts) ?? TIMEOUT_FALLBACK_SEC);
  const withinSec = keys.withinSec === undefined ? undefined : numberOf(keys.withinSec, facts);
  const deadline = new AbortController();
  const timer =
    withinSec === undefined ? undefined : dialogue.clock.setTimer(1000 * withinSec, () => deadline.abort());
  const stop = AbortSignal.any([dialogue.stopSignal, deadline.signal]);
  let outcome = 'silence';
  try {
    for (let tryCount = 1; tryCount <= keys.triesMax; tryCount++) {
      await dialogue.speak(keys.phrase, { until: deadline.signal });
      const digit = await dialogue.digits.next(dialogue.clock, timeoutMs, stop);
      if (digit === 'stopped') return dialogue.stopSignal.aborted ? undefined : outcome;
      if (digit !== 'timeout' && keys.on[digit] !== undefined) return digit;
      outcome = digit === 'timeout' ? 'silence' : 'invalid';
      // What was typed after a wrong key was meant for something else.
      dialogue.digits.clear();
      await dialogue.speak(digit === 'timeout' ? keys.silencePhrase : keys.invalidPhrase, {
        until: deadline.signal,
      });
    }
    return dialogue.stopSignal.aborted ? undefined : outcome;
  } finally {
    if (timer) dialogue.clock.clearTimer(timer);
  }
}

/**
 * Collects digits into the variable `digits`. Outcomes: `collected`, `silence`, `too-few`, `too-many`. `*`
 * starts the entry again; letters are ignored. With a terminator the entry ends by it or by a pause; without,
 * at `digitsMax`.
 */
export async function runCollect(
  dialogue: Dialogue,
  collect: ActionOf<'collect'>,
): Promise<string | undefined> {
  delete dialogue.variables.digits;
  await dialogue.speak(collect.phrase);
  let entry = '';
  // A caller can clear with * again and again: the presses of one entry have a limit too.
  for (let pressCount = 0; pressCount < 4 * collect.digitsMax; pressCount++) {
    const isFirst = entry === '';
    const timeoutSec = isFirst ? collect.firstDigitTimeoutSec : collect.interDigitTimeoutSec;
    const digit = await dialogue.digits.next(dialogue.clock, 1000 * timeoutSec, dialogue.stopSignal);
    if (digit === 'stopped') return undefined;
    if (digit === 'timeout' && isFirst) return 'silence';
    if (digit === 'timeout' || digit === collect.terminator) break;
    if (digit === '*') entry = '';
    else if (/[0-9]/.test(digit)) entry += digit;
    if (entry.length === collect.digitsMax && collect.terminator === 'none') break;
  }
  if (entry.length >= collect.digitsMin && entry.length <= collect.digitsMax) {
    dialogue.variables.digits = entry;
    return 'collected';
  }
  dialogue.digits.clear();
  return entry.length < collect.digitsMin ? 'too-few' : 'too-many';
}
