import { english } from './english.ts';
import { german } from './german.ts';
import type { LanguageTable } from './language-table.ts';

/** Every language that can be spoken, by its primary tag. */
export const languages: ReadonlyMap<string, LanguageTable> = new Map(
  [english, german].map((table) => [table.tag, table]),
);

/** Spoken where the wanted language has no table. */
export const FALLBACK_LANGUAGE = 'en';

/** The table for a BCP 47 tag: `en-US` is spoken as `en`; an unknown one as English. */
export function languageFor(tag: string): LanguageTable {
  const primary = tag.split('-')[0] ?? FALLBACK_LANGUAGE;
  return languages.get(primary) ?? english;
}
