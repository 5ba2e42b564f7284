import { RATE_HZ } from './sound.ts';

/**
 * A silence-and-word-count detector with the defaults of Asterisk's AMD application, written from its
 * documentation (application AMD, amd.conf): silence is a 20 ms frame whose mean magnitude is below the
 * threshold.
 */
const INITIAL_SILENCE_MS = 2500;
const GREETING_MS = 1500;
const AFTER_GREETING_SILENCE_MS = 800;
const TOTAL_ANALYSIS_MS = 5000;
const MIN_WORD_MS = 100;
const BETWEEN_WORDS_SILENCE_MS = 50;
const MAXIMUM_WORDS = 2;
const MAXIMUM_WORD_MS = 5000;
const SILENCE_THRESHOLD = 256;
const FRAME_MS = 20;

export interface AmdVerdict {
  readonly verdict: 'human' | 'machine' | 'unknown';
  readonly cause: string;
  readonly decidedAtMs: number;
}

/** What that detector says of a recording. */
export function asteriskAmd(samples: Int16Array): AmdVerdict {
  const length = (FRAME_MS * RATE_HZ) / 1000;
  let [silenceMs, wordMs, voiceMs, wordCount] = [0, 0, 0, 0];
  let [isInWord, hasGreeting] = [false, false];
  for (let at = 0, nowMs = FRAME_MS; at + length <= samples.length; at += length, nowMs += FRAME_MS) {
    const machine = (cause: string): AmdVerdict => ({ verdict: 'machine', cause, decidedAtMs: nowMs });
    if (nowMs >= TOTAL_ANALYSIS_MS) return { verdict: 'unknown', cause: 'TOOLONG', decidedAtMs: nowMs };
    let magnitude = 0;
    for (let i = at; i < at + length; i++) magnitude += Math.abs(samples[i] as number);
    if (magnitude / length < SILENCE_THRESHOLD) {
      silenceMs += FRAME_MS;
      if (silenceMs >= BETWEEN_WORDS_SILENCE_MS) {
        isInWord = false;
        wordMs = 0;
      }
      if (!hasGreeting && silenceMs >= INITIAL_SILENCE_MS) return machine('INITIALSILENCE');
      if (hasGreeting && silenceMs >= AFTER_GREETING_SILENCE_MS) {
        return { verdict: 'human', cause: 'HUMAN', decidedAtMs: nowMs };
      }
      continue;
    }
    silenceMs = 0;
    wordMs += FRAME_MS;
    voiceMs += FRAME_MS;
    if (wordMs >= MIN_WORD_MS && !isInWord) {
      isInWord = true;
      wordCount++;
    }
    if (wordMs >= MAXIMUM_WORD_MS) return machine('MAXWORDLENGTH');
    if (wordCount > MAXIMUM_WORDS) return machine('MAXWORDS');
    if (hasGreeting && voiceMs >= GREETING_MS) return machine('LONGGREETING');
    if (voiceMs >= MIN_WORD_MS) hasGreeting = true;
  }
  return { verdict: 'unknown', cause: 'ENDED', decidedAtMs: Math.round((samples.length * 1000) / RATE_HZ) };
}
