import type { LanguageTable } from './language-table.ts';

/**
 * German: "Montag der dritte März", "fünfzehn Uhr fünf", "drei Uhr fünf nachmittags", "eine Minute",
 * "einundzwanzig Minuten".
 */
export const german: LanguageTable = {
  tag: 'de',
  clock: 24,
  oneJoined: 'num-1-joined',
  units: {
    hour: { single: 'hour-1', forms: { other: 'hours' } },
    minute: { single: 'minute-1', forms: { other: 'minutes' } },
    second: { single: 'second-1', forms: { other: 'seconds' } },
  },
  ordinalBelow100(value) {
    return [`ord-${value}`];
  },
  dateWords: ['der'],
  date(weekday, day, month) {
    return [`weekday-${weekday}`, 'der', `ord-${day}`, `month-${month}`];
  },
  timeWords: ['uhr', 'at-night', 'in-the-morning', 'in-the-afternoon', 'in-the-evening'],
  time(hour, minute, clock) {
    const spokenHour = clock === 24 ? hour : hour % 12 === 0 ? 12 : hour % 12;
    const ids = [spokenHour === 1 ? 'num-1-joined' : `num-${spokenHour}`, 'uhr'];
    if (minute > 0) ids.push(`num-${minute}`);
    if (clock === 12) ids.push(partOfDay(hour));
    return ids;
  },
};

/** The customary parts: night to 5, morning to 12, afternoon to 18, evening to 22. */
function partOfDay(hour: number): string {
  if (hour < 5 || hour >= 22) return 'at-night';
  if (hour < 12) return 'in-the-morning';
  return hour < 18 ? 'in-the-afternoon' : 'in-the-evening';
}
