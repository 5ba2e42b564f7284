import { describe, expect, test } from 'vitest';
import { english } from '../../../src/ivr/languages/english.ts';
import { german } from '../../../src/ivr/languages/german.ts';
import { Say, vocabularyOf } from '../../../src/ivr/say.ts';
import type { SpokenPart } from '../../../src/ivr/say.ts';
import { zoneNames } from '../../../src/ivr/zone-names.ts';
import { catalogueTexts } from './catalogue-texts.ts';

const en = new Say(english);
const de = new Say(german);
const texts = { en: catalogueTexts('en'), de: catalogueTexts('de') };

function words(parts: readonly SpokenPart[], language: 'en' | 'de'): string {
  return parts.map((part) => (part.kind === 'prompt' ? texts[language][part.id] : '|')).join(' ');
}

const NOW_MS = Date.UTC(2026, 11, 30, 23, 30);

describe('a day is spoken as today, tomorrow, or weekday and date', () => {
  test.each([
    ['UTC', '2026-12-30T00:00:00Z', 'today', 'heute'],
    ['UTC', '2026-12-31T23:59:00Z', 'tomorrow', 'morgen'],
    ['UTC', '2027-01-01T00:00:00Z', 'Friday January first', 'Freitag der erste Januar'],
    // Half past midnight of the 31st in Berlin.
    [
      'Europe/Berlin',
      '2026-12-30T22:59:00Z',
      'Wednesday December thirtieth',
      'Mittwoch der dreißigste Dezember',
    ],
    ['Europe/Berlin', '2026-12-30T23:00:00Z', 'today', 'heute'],
    ['Europe/Berlin', '2026-12-31T23:00:00Z', 'tomorrow', 'morgen'],
    [
      'America/New_York',
      '2027-03-22T16:00:00Z',
      'Monday March twenty second',
      'Montag der zweiundzwanzigste März',
    ],
  ])('in %s %s is "%s" and "%s"', (zone, instant, english, german) => {
    const atMs = Date.parse(instant);
    expect(words(en.day(atMs, zone, NOW_MS), 'en')).toBe(english);
    expect(words(de.day(atMs, zone, NOW_MS), 'de')).toBe(german);
  });
});

describe('a zone is spoken by its name, or by its distance from UTC', () => {
  test.each([
    ['America/New_York', 'Eastern time', 'nordamerikanischer Ostküstenzeit'],
    ['Europe/Berlin', 'Central European time', 'mitteleuropäischer Zeit'],
    ['UTC', 'universal time', 'koordinierter Weltzeit'],
    ['Africa/Accra', 'universal time', 'koordinierter Weltzeit'],
    [
      'Asia/Kathmandu',
      'universal time plus five hours and forty five minutes',
      'koordinierter Weltzeit plus fünf Stunden und fünfundvierzig Minuten',
    ],
    ['America/Santiago', 'universal time minus three hours', 'koordinierter Weltzeit minus drei Stunden'],
    ['Atlantic/Azores', 'universal time minus one hour', 'koordinierter Weltzeit minus eine Stunde'],
  ])('%s: "%s" and "%s"', (zone, english, german) => {
    expect(words(en.zone(zone, NOW_MS), 'en')).toBe(english);
    expect(words(de.zone(zone, NOW_MS), 'de')).toBe(german);
  });
});

test('every day, zone and time of a year is spoken with words of the catalogues', () => {
  for (const [language, say, table] of [
    ['en', en, english],
    ['de', de, german],
  ] as const) {
    const known = vocabularyOf(table);
    const spoken = new Set<string>();
    const keep = (parts: readonly SpokenPart[]): void => {
      for (const part of parts) if (part.kind === 'prompt') spoken.add(part.id);
    };
    for (let day = 0; day < 366; day++) keep(say.day(NOW_MS + day * 86_400_000, 'UTC', NOW_MS));
    for (const zone of zoneNames.keys()) keep(say.zone(zone, NOW_MS));
    expect([...spoken].filter((id) => !known.has(id) || texts[language][id] === undefined)).toEqual([]);
  }
});
