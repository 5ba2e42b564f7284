import type { LanguageTable } from './language-table.ts';

/** English: "Monday March third", "three oh five p m", "fifteen oh five", "one minute", "two minutes". */
export const english: LanguageTable = {
  tag: 'en',
  clock: 12,
  oneJoined: 'num-1',
  units: {
    hour: { single: 'hour-1', forms: { other: 'hours' } },
    minute: { single: 'minute-1', forms: { other: 'minutes' } },
    second: { single: 'second-1', forms: { other: 'seconds' } },
  },
  ordinalBelow100(value) {
    if (value <= 20 || value % 10 === 0) return [`ord-${value}`];
    return [`num-${value - (value % 10)}`, `ord-${value % 10}`];
  },
  dateWords: [],
  date(weekday, day, month) {
    return [`weekday-${weekday}`, `month-${month}`, ...english.ordinalBelow100(day)];
  },
  timeWords: ['midnight', 'noon', 'am', 'pm', 'hundred-hours', ...range(1, 9).map((n) => `oh-${n}`)],
  time(hour, minute, clock) {
    if (clock === 24) {
      const hourWord = hour >= 1 && hour <= 9 ? `oh-${hour}` : `num-${hour}`;
      return [hourWord, minute === 0 ? 'hundred-hours' : minuteWord(minute)];
    }
    if (minute === 0 && hour === 0) return ['midnight'];
    if (minute === 0 && hour === 12) return ['noon'];
    const spokenHour = `num-${hour % 12 === 0 ? 12 : hour % 12}`;
    const half = hour < 12 ? 'am' : 'pm';
    return minute === 0 ? [spokenHour, half] : [spokenHour, minuteWord(minute), half];
  },
};

function minuteWord(minute: number): string {
  return minute < 10 ? `oh-${minute}` : `num-${minute}`;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
