import { z } from 'zod';
import type { AudioSource } from '../telephony/leg.ts';
import { conditionSchema, holds, NESTING_MAX, numberFactSchema } from './flow-facts.ts';
import type { Condition, FactName, FlowFacts, VariableName, Variables } from './flow-facts.ts';
import { languageFor } from './languages/languages.ts';
import { Say } from './say.ts';
import type { SpokenPart } from './say.ts';

/** Items of one phrase; more is refused. */
export const PHRASE_ITEMS_MAX = 20;

/** A prompt id, a value to be spoken, a pause, or a phrase on a condition. */
export type PhraseItem =
  | string
  | { readonly say: 'number' | 'ordinal' | 'duration' | 'wait'; readonly fact: FactName }
  | { readonly say: 'day' | 'time'; readonly fact: FactName }
  | { readonly say: 'zone' }
  | { readonly say: 'digits'; readonly variable: VariableName }
  | { readonly pauseMs: number }
  | {
      readonly when: Condition;
      readonly phrase: readonly PhraseItem[];
      readonly otherwise?: readonly PhraseItem[] | undefined;
    };
export type Phrase = readonly PhraseItem[];

/** Ids of prompts: lower case, digits and hyphens. */
export const promptIdSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,63}$/,
    'must be a prompt id: lower-case letters, digits and hyphens, at most 64',
  );

/** A phrase as flows write it. */
export const phraseSchema: z.ZodType<Phrase> = z.lazy(() => phraseAt(NESTING_MAX));

function phraseAt(depth: number): z.ZodType<Phrase> {
  if (depth === 0) return z.never({ error: `phrases may be nested ${NESTING_MAX} deep at most` });
  return z.array(itemAt(depth)).min(1).max(PHRASE_ITEMS_MAX);
}

function itemAt(depth: number): z.ZodType<PhraseItem> {
  return z.unknown().transform((value, context) => {
    const parsed = formOf(value, depth).safeParse(value);
    if (parsed.success) return parsed.data as PhraseItem;
    for (const issue of parsed.error.issues) {
      context.addIssue({ code: 'custom', path: issue.path, message: issue.message });
    }
    return z.NEVER;
  });
}

function formOf(value: unknown, depth: number): z.ZodType {
  if (typeof value === 'string') return promptIdSchema;
  const has = (key: string): boolean => typeof value === 'object' && value !== null && key in value;
  if (has('pauseMs')) return z.strictObject({ pauseMs: z.int().min(10).max(10_000) });
  if (has('when')) {
    const inner = z.lazy(() => phraseAt(depth - 1));
    return z.strictObject({ when: conditionSchema, phrase: inner, otherwise: inner.optional() });
  }
  if (has('variable')) {
    return z.strictObject({
      say: z.literal('digits'),
      variable: z.enum(['digits', 'number', 'spokenNumber']),
    });
  }
  if (has('say') && (value as { say: unknown }).say === 'zone') {
    return z.strictObject({ say: z.literal('zone') });
  }
  if (has('say')) {
    return z.strictObject({
      say: z.enum(['number', 'ordinal', 'duration', 'wait', 'day', 'time'], {
        error:
          'say is number, ordinal, duration, wait, day or time with a fact; digits with a variable; or zone',
      }),
      fact: numberFactSchema,
    });
  }
  return z.never({
    error: 'an item is a prompt id, {"say": …}, {"pauseMs": …} or {"when": …, "phrase": […]}',
  });
}

/** Every prompt id that a phrase may play, on whatever condition. */
export function promptsOf(phrase: Phrase): string[] {
  return phrase.flatMap((item) => {
    if (typeof item === 'string') return [item];
    if ('when' in item) return [...promptsOf(item.phrase), ...promptsOf(item.otherwise ?? [])];
    return [];
  });
}

/**
 * Turns phrases into audio in one language. Unknown values are skipped: silence is better than a wrong
 * number.
 */
export class PhraseSpeaker {
  readonly #say: Say;
  readonly #folder: string;

  /** @param language BCP 47 tag; what has no table of its own is spoken in English. */
  constructor(language: string) {
    const table = languageFor(language);
    this.#say = new Say(table);
    this.#folder = table.tag;
  }

  /** What to play, in order; an empty list when every condition failed. */
  sources(phrase: Phrase, facts: FlowFacts, variables: Variables): AudioSource[] {
    return this.#parts(phrase, facts, variables).map((part) =>
      part.kind === 'pause'
        ? { kind: 'silence', durationMs: part.durationMs }
        : { kind: 'file', path: `${this.#folder}/${part.id}.wav` },
    );
  }

  #parts(phrase: Phrase, facts: FlowFacts, variables: Variables): SpokenPart[] {
    return phrase.flatMap((item): SpokenPart[] => {
      if (typeof item === 'string') return [{ kind: 'prompt', id: item }];
      if ('pauseMs' in item) return [{ kind: 'pause', durationMs: item.pauseMs }];
      if ('when' in item) {
        const chosen = holds(item.when, facts, variables) ? item.phrase : (item.otherwise ?? []);
        return this.#parts(chosen, facts, variables);
      }
      if ('variable' in item) {
        const value = variables[item.variable];
        return typeof value === 'string' ? this.#say.digits(value) : [];
      }
      if (item.say === 'zone') return this.#zone(facts);
      const value = facts[item.fact];
      if (typeof value !== 'number') return [];
      if (item.say === 'day' || item.say === 'time') return this.#instant(item.say, value, facts);
      return this.#say[item.say](value);
    });
  }

  #zone({ timeZone, nowMs, slotAtMs }: FlowFacts): SpokenPart[] {
    const atMs = slotAtMs ?? nowMs;
    return timeZone === undefined || atMs === undefined ? [] : this.#say.zone(timeZone, atMs);
  }

  /** Days and times are those of the queue's zone. */
  #instant(
    what: 'day' | 'time',
    atMs: number,
    { timeZone, nowMs, twelveHourClock }: FlowFacts,
  ): SpokenPart[] {
    if (timeZone === undefined || nowMs === undefined) return [];
    if (what === 'day') return this.#say.day(atMs, timeZone, nowMs);
    const clock = twelveHourClock === undefined ? undefined : twelveHourClock ? 12 : 24;
    return this.#say.timeAt(atMs, timeZone, clock);
  }
}
