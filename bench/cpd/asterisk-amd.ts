import { RATE_HZ } from './sound.ts';

/**
 * A silence-and-word-count detector with the defaults of Asterisk's AMD application, written from its documentation
 * (application AMD, amd.conf): silence is a 20 ms frame whose mean magnitude is below the threshold.
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
  let silenceMs = 0;
  let voiceMs = 0;
  let wordCount = 0;
  let greetingMs = 0;
  let isInWord = false;
  let hasGreeting = false;
  for (let at = 0, nowMs = FRAME_MS; at + length <= samples.length; at += length, nowMs += FRAME_MS) {
    if (nowMs >= TOTAL_ANALYSIS_MS) return { verdict: 'unknown', cause: 'TOOLONG', decidedAtMs: nowMs };
    let magnitude = 0;
    for (let i = at; i < at + length; i++) magnitude += Math.abs(samples[i] as number);
    if (magnitude / length < SILENCE_THRESHOLD) {
      silenceMs += FRAME_MS;
      if (silenceMs >= BETWEEN_WORDS_SILENCE_MS) {
        isInWord = false;
        voiceMs = 0;
      }
      if (!hasGreeting && silenceMs >= INITIAL_SILENCE_MS)
        return { verdict: 'machine', cause: 'INITIALSILENCE', decidedAtMs: nowMs };
      if (hasGreeting && silenceMs >= AFTER_GREETING_SILENCE_MS)
        return { verdict: 'human', cause: 'HUMAN', decidedAtMs: nowMs };
      if (hasGreeting) greetingMs += FRAME_MS;
    } else {
      silenceMs = 0;
      voiceMs += FRAME_MS;
      if (voiceMs >= MIN_WORD_MS && !isInWord) {
        isInWord = true;
        wordCount++;
      }
      if (isInWord && voiceMs >= MAXIMUM_WORD_MS)
        return { verdict: 'machine', cause: 'MAXWORDLENGTH', decidedAtMs: nowMs };
      if (wordCount > MAXIMUM_WORDS) return { verdict: 'machine', cause: 'MAXWORDS', decidedAtMs: nowMs };
      if (isInWord && !hasGreeting) {
        hasGreeting = true;
        greetingMs = voiceMs;
      } else if (hasGreeting) greetingMs += FRAME_MS;
    }
    if (hasGreeting && greetingMs >= GREETING_MS)
      return { verdict: 'machine', cause: 'LONGGREETING', decidedAtMs: nowMs };
  }
  return { verdict: 'unknown', cause: 'ENDED', decidedAtMs: Math.round((samples.length * 1000) / RATE_HZ) };
}
