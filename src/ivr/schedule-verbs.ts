import { type DayChoice, keyedTime, wishedDay, wishedInstant } from '../calendar/wished-time.ts';
import type { Dialogue } from './dialogue.ts';
import type { ActionOf } from './flow-document.ts';

/** The day a caller wants to be called on, into the variable `day`. */
export function chooseDay(dialogue: Dialogue, { day }: ActionOf<'day'>): string {
  const { nowMs, timeZone, bookableUntilMs } = dialogue.host.facts();
  if (nowMs === undefined || timeZone === undefined || bookableUntilMs === undefined) return 'not-valid';
  const { digits } = dialogue.variables;
  const choice: DayChoice =
    day === 'keyed' ? { kind: day, digits: typeof digits === 'string' ? digits : '' } : { kind: day };
  const answer = wishedDay(choice, nowMs, timeZone, bookableUntilMs);
  if (answer.kind === 'refused') return answer.reason;
  dialogue.variables.day = answer.date;
  return 'accepted';
}

/** The time of day just keyed, into the variable `time`: minutes since midnight. */
export function chooseTime(dialogue: Dialogue, { half }: ActionOf<'time'>): string {
  const { digits } = dialogue.variables;
  const { twelveHourClock = false } = dialogue.host.facts();
  const answer = keyedTime(typeof digits === 'string' ? digits : '', twelveHourClock, half);
  if (answer.kind === 'refused') return 'not-valid';
  if (answer.kind === 'ambiguous') return 'ambiguous';
  dialogue.variables.time = String(answer.minuteOfDay);
  return 'accepted';
}

/** Has the free slot nearest to day and time held for the caller; the fact `slotAtMs` then tells it. */
export async function proposeSlot(dialogue: Dialogue, { which }: ActionOf<'propose'>): Promise<string> {
  const { day, time } = dialogue.variables;
  const { timeZone } = dialogue.host.facts();
  if (typeof day !== 'string' || typeof time !== 'string' || timeZone === undefined) return 'none';
  const desiredAtMs = wishedInstant(day, Number(time), timeZone);
  return (await dialogue.host.proposeSlot({ desiredAtMs, next: which === 'next' })).kind;
}
