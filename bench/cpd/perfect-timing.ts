import type { CallTiming } from './tune.ts';

const TALK_MS = Array.from({ length: 25 }, (_, at) => 2000 + 250 * at);
const PAUSE_MS = [400, 600, 800, 1000, 1300, 1600, 2000, 3000];
const BEEP_TALK_MS = [0, 300, 600, 900, 1200];

/**
 * The best that thresholds on perfectly heard timing can reach: somebody is a machine whose talk without a
 * long pause is long enough, or whose beep follows enough talk. The three thresholds are chosen with the
 * answers of these very calls in hand, and all of a call is heard before it is judged: an upper bound, not a
 * detector.
 */
export function bestInHindsight(calls: readonly CallTiming[]): (call: CallTiming) => boolean {
  let best: (call: CallTiming) => boolean = () => false;
  let bestRightCount = -1;
  for (const pauseMs of PAUSE_MS) {
    const talks = new Map(calls.map((call) => [call, longestTalkMs(call, pauseMs)]));
    for (const talkMs of TALK_MS) {
      for (const beepTalkMs of BEEP_TALK_MS) {
        const isMachine = (call: CallTiming): boolean =>
          (talks.get(call) ?? longestTalkMs(call, pauseMs)) >= talkMs ||
          (call.beep !== undefined && talkBeforeMs(call, call.beep.startMs) >= beepTalkMs);
        const rightCount = calls.filter((call) => isMachine(call) === call.isMachine).length;
        if (rightCount <= bestRightCount) continue;
        bestRightCount = rightCount;
        best = isMachine;
      }
    }
  }
  return best;
}

function longestTalkMs({ phrases }: CallTiming, pauseMs: number): number {
  let [startMs, longestMs] = [phrases[0]?.startMs ?? 0, 0];
  for (const [at, phrase] of phrases.entries()) {
    if (phrase.startMs - (phrases[at - 1]?.endMs ?? phrase.startMs) >= pauseMs) startMs = phrase.startMs;
    longestMs = Math.max(longestMs, phrase.endMs - startMs);
  }
  return longestMs;
}

function talkBeforeMs({ phrases }: CallTiming, beforeMs: number): number {
  return phrases
    .filter(({ startMs }) => startMs < beforeMs)
    .reduce((sum, { startMs, endMs }) => sum + Math.min(endMs, beforeMs) - startMs, 0);
}
