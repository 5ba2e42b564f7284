import type { AudioSource } from '../telephony/leg.ts';
import type { Dialogue } from './dialogue.ts';
import type { ActionOf } from './flow-document.ts';
import { holds, numberOf } from './flow-facts.ts';

type Queue = ActionOf<'queue'>;

/** Where the fact behind the interval is unknown. */
const ANNOUNCE_FALLBACK_SEC = 30;
/** A music file whose length is not known counts as this when its place is reckoned. */
const MUSIC_FALLBACK_MS = 60_000;

/** At least this between two overflows of one call: where nobody takes the caller, asking again is no use. */
const OVERFLOW_EVERY_MS = 60_000;

/**
 * Takes the place in line and waits with music and announcements. Outcomes: `full`, `offer-due`,
 * `overflow-due`. Ends
 * otherwise only by a stop: hang-up, agent taken.
 */
export async function runQueue(dialogue: Dialogue, queue: Queue): Promise<string | undefined> {
  const { clock, host, line } = dialogue;
  if (!dialogue.inLine) {
    const entry = await host.enterQueue();
    if (entry.kind === 'full') return 'full';
    dialogue.inLine = true;
    await dialogue.speak(queue.phrase, { bargeIn: false });
  }
  while (!dialogue.stopSignal.aborted) {
    if (clock.nowMs() - line.announcedAtMs >= announceEveryMs(dialogue, queue)) {
      line.announcedAtMs = clock.nowMs();
      await announce(dialogue, queue);
      // From the end of the announcement, so that a long one leaves as much music as a short one.
      line.announcedAtMs = clock.nowMs();
      continue;
    }
    if (isOverflowDue(dialogue, queue)) return 'overflow-due';
    if (isOfferDue(dialogue, queue)) return 'offer-due';
    await playMusicUntilNews(dialogue, queue);
  }
  return undefined;
}

/** Outcomes: `moved` to another line, `voicemail`, `none`. The caller keeps the place meanwhile. */
export async function overflow(dialogue: Dialogue): Promise<string | undefined> {
  dialogue.line.overflowedAtMs = dialogue.clock.nowMs();
  const { kind } = await dialogue.host.overflow();
  // Another line has its own position and wait to tell.
  if (kind === 'moved') dialogue.line.announcedAtMs = -Infinity;
  return dialogue.stopSignal.aborted ? undefined : kind;
}

/** Position and wait, then what the queue has to say itself. */
async function announce(dialogue: Dialogue, queue: Queue): Promise<void> {
  await dialogue.speak(queue.announce, { bargeIn: false });
  const own = dialogue.host.nextHoldAnnouncement();
  if (own !== undefined) await dialogue.speak([own], { bargeIn: false });
}

function isOverflowDue(dialogue: Dialogue, queue: Queue): boolean {
  if (!queue.overflowWhen) return false;
  const sinceMs = dialogue.clock.nowMs() - dialogue.line.overflowedAtMs;
  return sinceMs >= OVERFLOW_EVERY_MS && holds(queue.overflowWhen, dialogue.host.facts(), dialogue.variables);
}

function announceEveryMs(dialogue: Dialogue, queue: Queue): number {
  if (!queue.announce) return Infinity;
  return 1000 * (numberOf(queue.announceEverySec, dialogue.host.facts()) ?? ANNOUNCE_FALLBACK_SEC);
}

function isOfferDue(dialogue: Dialogue, queue: Queue): boolean {
  if (!queue.offerWhen) return false;
  const sinceMs = dialogue.clock.nowMs() - dialogue.line.offeredAtMs;
  return (
    sinceMs >= 1000 * queue.offerEverySec && holds(queue.offerWhen, dialogue.host.facts(), dialogue.variables)
  );
}

/** Music until the next announcement, or until an offer becomes due: by a change of facts or by time. */
async function playMusicUntilNews(dialogue: Dialogue, queue: Queue): Promise<void> {
  const { clock, host, line } = dialogue;
  const news = new AbortController();
  const nowMs = clock.nowMs();
  const announceInMs = line.announcedAtMs + announceEveryMs(dialogue, queue) - nowMs;
  const offerInMs = line.offeredAtMs + 1000 * queue.offerEverySec - nowMs;
  const waits = [announceInMs, ...(queue.offerWhen && offerInMs > 0 ? [offerInMs] : [])];
  const waitMs = Math.min(...waits);
  const timer = Number.isFinite(waitMs) ? clock.setTimer(waitMs, () => news.abort()) : undefined;
  const stopListening = host.onFactsChanged(() => {
    if (isOfferDue(dialogue, queue) || isOverflowDue(dialogue, queue)) news.abort();
  });
  try {
    await dialogue.play(musicFrom(queue.music, line.musicMs, dialogue.audioMs), {
      bargeIn: false,
      loop: true,
      until: news.signal,
    });
    line.musicMs += clock.nowMs() - nowMs;
    // Music that stopped by itself could not be played: wait in silence rather than turn round at full speed.
    await untilAborted(news.signal, dialogue.stopSignal);
  } finally {
    stopListening();
    if (timer) clock.clearTimer(timer);
  }
}

/** The parts from the one after the part that was broken into. */
function musicFrom(
  files: readonly string[],
  playedMs: number,
  audioMs: ReadonlyMap<string, number>,
): AudioSource[] {
  const lengths = files.map((file) => audioMs.get(file) ?? MUSIC_FALLBACK_MS);
  const totalMs = lengths.reduce((a, b) => a + b, 0);
  let restMs = totalMs > 0 ? playedMs % totalMs : 0;
  let first = 0;
  while (restMs > 0 && first < files.length) {
    restMs -= lengths[first] ?? 0;
    first++;
  }
  const order = [...files.slice(first), ...files.slice(0, first)];
  return order.map((path) => ({ kind: 'file', path }));
}

async function untilAborted(...signals: AbortSignal[]): Promise<void> {
  if (signals.some((signal) => signal.aborted)) return;
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      for (const signal of signals) signal.removeEventListener('abort', settle);
      resolve();
    };
    for (const signal of signals) signal.addEventListener('abort', settle);
  });
}
