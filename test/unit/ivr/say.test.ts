import { describe, expect, test } from 'vitest';
import { english } from '../../../src/ivr/languages/english.ts';
import { german } from '../../../src/ivr/languages/german.ts';
import { languageFor } from '../../../src/ivr/languages/languages.ts';
import { Say, vocabularyOf } from '../../../src/ivr/say.ts';
import type { SpokenPart } from '../../../src/ivr/say.ts';
import { catalogueTexts } from './catalogue-texts.ts';

const en = new Say(english);
const de = new Say(german);
const enTexts = catalogueTexts('en');
const deTexts = catalogueTexts('de');

/** What is heard, in words; `|` is a pause. */
function words(parts: readonly SpokenPart[], texts: Readonly<Record<string, string>>): string {
  return parts.map((part) => (part.kind === 'pause' ? '|' : (texts[part.id] ?? `<${part.id}>`))).join(' ');
}
const inEnglish = (parts: readonly SpokenPart[]): string => words(parts, enTexts);
const inGerman = (parts: readonly SpokenPart[]): string => words(parts, deTexts);

describe('numbers', () => {
  test.each([
    [0, 'zero', 'null'],
    [1, 'one', 'eins'],
    [13, 'thirteen', 'dreizehn'],
    [21, 'twenty one', 'einundzwanzig'],
    [67, 'sixty seven', 'siebenundsechzig'],
    [99, 'ninety nine', 'neunundneunzig'],
    [100, 'one hundred', 'einhundert'],
    [101, 'one hundred one', 'einhundert eins'],
    [111, 'one hundred eleven', 'einhundert elf'],
    [999, 'nine hundred ninety nine', 'neunhundert neunundneunzig'],
    [1000, 'one thousand', 'ein tausend'],
    [1001, 'one thousand one', 'ein tausend eins'],
    [21_000, 'twenty one thousand', 'einundzwanzig tausend'],
    [101_000, 'one hundred one thousand', 'einhundert ein tausend'],
    [300_070, 'three hundred thousand seventy', 'dreihundert tausend siebzig'],
    [999_999, 'nine hundred ninety nine thousand nine hundred ninety nine', 'neunhundert neunundneunzig tausend neunhundert neunundneunzig'],
  ])('%i is "%s" and "%s"', (value, english, german) => {
    expect(inEnglish(en.number(value))).toBe(english);
    expect(inGerman(de.number(value))).toBe(german);
  }); // prettier-ignore

  test.each([
    ['en', en, english.oneJoined],
    ['de', de, german.oneJoined],
  ] as const)(
    'every number up to 999 999 is spoken in "%s" by prompts that add up to it',
    (_, say, oneJoined) => {
      const worth = new Map([[oneJoined, 1]]);
      for (let value = 0; value < 100; value++) worth.set(`num-${value}`, value);
      for (let value = 1; value < 10; value++) worth.set(`hundred-${value}`, 100 * value);
      const wrong: number[] = [];
      for (let value = 0; value <= 999_999; value++) {
        let sum = 0;
        for (const part of say.number(value)) {
          if (part.kind === 'prompt' && part.id === 'thousand') sum *= 1000;
          else sum += part.kind === 'prompt' ? (worth.get(part.id) ?? Number.NaN) : Number.NaN;
        }
        if (sum !== value && wrong.length < 10) wrong.push(value);
      }
      expect(wrong).toEqual([]);
    },
  );

  test.each([
    [-5, 'zero'],
    [3.9, 'three'],
    [Number.NaN, 'zero'],
    [1e12, 'nine hundred ninety nine thousand nine hundred ninety nine'],
    [Infinity, 'nine hundred ninety nine thousand nine hundred ninety nine'],
  ])('%d is brought into the range: "%s"', (value, spoken) => {
    expect(inEnglish(en.number(value))).toBe(spoken);
  });
});

describe('ordinals', () => {
  test.each([
    [1, 'first', 'erste'],
    [3, 'third', 'dritte'],
    [12, 'twelfth', 'zwölfte'],
    [20, 'twentieth', 'zwanzigste'],
    [22, 'twenty second', 'zweiundzwanzigste'],
    [100, 'one hundredth', 'einhundertste'],
    [103, 'one hundred third', 'einhundert dritte'],
    [1000, 'one thousandth', 'ein tausendste'],
    [2031, 'two thousand thirty first', 'zwei tausend einunddreißigste'],
    [1200, 'one thousand two hundredth', 'ein tausend zweihundertste'],
  ])('%i is "%s" and "%s"', (value, english, german) => {
    expect(inEnglish(en.ordinal(value))).toBe(english);
    expect(inGerman(de.ordinal(value))).toBe(german);
  });

  test('every ordinal up to 9 999 is spoken differently, by prompts of the vocabulary', () => {
    for (const [say, table] of [[en, english], [de, german]] as const) {
      const vocabulary = vocabularyOf(table);
      const spoken = Array.from({ length: 10_000 }, (_, value) => idsOf(say.ordinal(value)));
      expect(new Set(spoken.map((ids) => ids.join(' '))).size).toBe(10_000);
      expect(spoken.flat().filter((id) => !vocabulary.has(id))).toEqual([]);
    }
  }); // prettier-ignore
});

describe('digits', () => {
  test.each([
    ['12', 'one two'],
    ['123', 'one two three'],
    ['1234', 'one two three four'],
    ['12345', 'one two three | four five'],
    ['2125550147', 'two one two | five five five | zero one four seven'],
    ['+49301234', 'plus four nine three | zero one two | three four'],
    ['*81#', 'star eight one pound'],
    ['(212) 555', 'two one two | five five five'],
    ['', ''],
    ['abc', ''],
  ])('"%s" is "%s"', (text, spoken) => {
    expect(inEnglish(en.digits(text))).toBe(spoken);
  });

  test('are cut at twenty, whatever is given', () => {
    expect(idsOf(en.digits('7'.repeat(500)))).toHaveLength(20);
  });
});

describe('durations', () => {
  test.each([
    [0, 'zero seconds', 'null Sekunden'],
    [1, 'one second', 'eine Sekunde'],
    [2, 'two seconds', 'zwei Sekunden'],
    [60, 'one minute', 'eine Minute'],
    [61, 'one minute and one second', 'eine Minute und eine Sekunde'],
    [120, 'two minutes', 'zwei Minuten'],
    [1260, 'twenty one minutes', 'einundzwanzig Minuten'],
    [3600, 'one hour', 'eine Stunde'],
    [3661, 'one hour one minute and one second', 'eine Stunde eine Minute und eine Sekunde'],
    [7500, 'two hours and five minutes', 'zwei Stunden und fünf Minuten'],
    [363_600, 'one hundred one hours', 'einhundert ein Stunden'],
  ])('%i s is "%s" and "%s"', (seconds, english, german) => {
    expect(inEnglish(en.duration(seconds))).toBe(english);
    expect(inGerman(de.duration(seconds))).toBe(german);
  });

  test.each([
    [0, 'less than one minute'],
    [59, 'less than one minute'],
    [60, 'one minute'],
    [61, 'two minutes'],
    [600, 'ten minutes'],
    [3600, 'one hour'],
    [3601, 'one hour and fifteen minutes'],
    [4500, 'one hour and fifteen minutes'],
    [4501, 'one hour and thirty minutes'],
    [7200, 'two hours'],
  ])('a wait of %i s is "%s"', (seconds, spoken) => {
    expect(inEnglish(en.wait(seconds))).toBe(spoken);
  });

  test('every duration of a day has only prompts of the vocabulary', () => {
    for (const [say, table] of [[en, english], [de, german]] as const) {
      const vocabulary = vocabularyOf(table);
      const foreign = new Set<string>();
      for (let seconds = 0; seconds <= 86_400; seconds += seconds < 7200 ? 1 : 61) {
        for (const id of idsOf([...say.duration(seconds), ...say.wait(seconds)])) {
          if (!vocabulary.has(id)) foreign.add(id);
        }
      }
      expect([...foreign]).toEqual([]);
    }
  }); // prettier-ignore
});

describe('times of day', () => {
  test.each([
    [0, 0, 'midnight', 'zero hundred hours', 'null Uhr', 'zwölf Uhr nachts'],
    [0, 5, 'twelve oh five A M', 'zero oh five', 'null Uhr fünf', 'zwölf Uhr fünf nachts'],
    [1, 0, 'one A M', 'oh one hundred hours', 'ein Uhr', 'ein Uhr nachts'],
    [9, 30, 'nine thirty A M', 'oh nine thirty', 'neun Uhr dreißig', 'neun Uhr dreißig morgens'],
    [12, 0, 'noon', 'twelve hundred hours', 'zwölf Uhr', 'zwölf Uhr nachmittags'],
    [12, 1, 'twelve oh one P M', 'twelve oh one', 'zwölf Uhr eins', 'zwölf Uhr eins nachmittags'],
    [15, 0, 'three P M', 'fifteen hundred hours', 'fünfzehn Uhr', 'drei Uhr nachmittags'],
    [21, 45, 'nine forty five P M', 'twenty one forty five', 'einundzwanzig Uhr fünfundvierzig', 'neun Uhr fünfundvierzig abends'],
    [23, 59, 'eleven fifty nine P M', 'twenty three fifty nine', 'dreiundzwanzig Uhr neunundfünfzig', 'elf Uhr neunundfünfzig nachts'],
  ])('%i:%i in four ways', (hour, minute, en12, en24, de24, de12) => {
    expect(inEnglish(en.time(hour, minute))).toBe(en12);
    expect(inEnglish(en.time(hour, minute, 24))).toBe(en24);
    expect(inGerman(de.time(hour, minute))).toBe(de24);
    expect(inGerman(de.time(hour, minute, 12))).toBe(de12);
  }); // prettier-ignore

  test.each([
    ['en', english],
    ['de', german],
  ] as const)('every minute of the day is spoken differently in "%s", on both clocks', (_, table) => {
    const vocabulary = vocabularyOf(table);
    for (const clock of [12, 24] as const) {
      const spoken = Array.from({ length: 1440 }, (_, minute) =>
        idsOf(new Say(table).time(Math.floor(minute / 60), minute % 60, clock)),
      );
      expect(new Set(spoken.map((ids) => ids.join(' '))).size).toBe(1440);
      expect(spoken.flat().filter((id) => !vocabulary.has(id))).toEqual([]);
    }
  });

  test('an instant is spoken in the zone that is asked for', () => {
    const atMs = Date.UTC(2026, 6, 1, 18, 5);
    expect(inEnglish(en.timeAt(atMs, 'America/New_York'))).toBe('two oh five P M');
    expect(inGerman(de.timeAt(atMs, 'Europe/Berlin'))).toBe('zwanzig Uhr fünf');
  });
});

test('a regional tag is spoken by its language, an unknown one in English', () => {
  expect([languageFor('de-AT').tag, languageFor('en').tag, languageFor('sv').tag]).toEqual([
    'de',
    'en',
    'en',
  ]);
});

function idsOf(parts: readonly SpokenPart[]): string[] {
  return parts.flatMap((part) => (part.kind === 'prompt' ? [part.id] : []));
}
