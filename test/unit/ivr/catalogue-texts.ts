import { readFileSync } from 'node:fs';

/** The texts of the repository's catalogue of a language, by prompt id. */
export function catalogueTexts(language: string): Readonly<Record<string, string>> {
  const file = new URL(`../../../flows/prompts/${language}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
}
