import type { AudioSource } from '../telephony/leg.ts';
import type { Dialogue } from './dialogue.ts';
import type { ActionOf } from './flow-document.ts';

const BEEP: readonly AudioSource[] = [{ kind: 'file', path: 'tones/beep.wav' }];
/** Ends a message. */
const END_KEY = '#';
/** Keys that are not the end key are waited past; the host ends the message long before this. */
const KEY_WAIT_MS = 3_600_000;

/**
 * Takes a message for the variable `number`: phrase, beep, the caller's words until `#`, silence or the end
 * of the time. Outcomes: `recorded`, `kept` (no callback could be made), `empty`, `failed`. The caller who
 * hangs up ends the message, too, and what was said counts. A caller who hangs up before the beep has left
 * none. It is recorded from the beep on, so that not a syllable after it is lost.
 */
export async function runMessage(
  dialogue: Dialogue,
  message: ActionOf<'message'>,
): Promise<string | undefined> {
  const { number } = dialogue.variables;
  if (typeof number !== 'string') {
    dialogue.log.error({}, 'a flow takes a message without a screened number');
    return 'failed';
  }
  await dialogue.speak(message.phrase);
  dialogue.digits.clear();
  if (dialogue.stopSignal.aborted) return undefined;
  const finish = new AbortController();
  const tone = (): Promise<void> => dialogue.play(BEEP, { bargeIn: false });
  const taking = dialogue.host.takeMessage({ number, tone, finish: finish.signal });
  dialogue.inLine = false;
  const over = new AbortController();
  const isOver = (): void => over.abort();
  taking.then(isOver, isOver);
  await endKey(dialogue, over.signal);
  finish.abort();
  const taken = await taking;
  dialogue.digits.clear();
  if (taken.kind === 'booked') dialogue.booking = { callbackId: taken.callbackId, number };
  if (dialogue.stopSignal.aborted) return undefined;
  return taken.kind === 'booked' ? 'recorded' : taken.kind;
}

/** Resolves at the end key, at a stop or when the message is over. */
async function endKey(dialogue: Dialogue, over: AbortSignal): Promise<void> {
  const stop = AbortSignal.any([dialogue.stopSignal, over]);
  while (!stop.aborted) {
    const digit = await dialogue.digits.next(dialogue.clock, KEY_WAIT_MS, stop);
    if (digit === END_KEY) return;
  }
}
