import { sample, stringMatching } from 'fast-check';
import {
  type JsonSchema,
  type JsonSchemaObject,
  resolveReference,
} from '../../../contract/http/json-schema.ts';
import type { Dice } from './dice.ts';
import { hostileNames, hostileTexts, hostileValues } from './hostile.ts';
import type { KnownThings } from './known-things.ts';

const DEPTH_MAX = 6;
const SAMPLES_PER_PATTERN = 12;
const INSTANT_SPREAD_MS = 4 * 24 * 3_600_000;

/** Makes values that a schema takes, and such that it should not. */
export class ValueMaker {
  readonly #dice: Dice;
  readonly #known: KnownThings;
  readonly #document: object;
  readonly #nowMs: number;
  readonly #samples = new Map<string, readonly string[]>();

  constructor(options: { dice: Dice; known: KnownThings; document: object; nowMs: number }) {
    this.#dice = options.dice;
    this.#known = options.known;
    this.#document = options.document;
    this.#nowMs = options.nowMs;
  }

  /** A value that the schema takes; `name` is the member's or parameter's. */
  valid(schema: JsonSchema | undefined, name: string, depth = 0): unknown {
    const dice = this.#dice;
    if (schema === undefined || typeof schema === 'boolean') return this.#anything(depth);
    if (schema.$ref !== undefined) {
      return this.valid(resolveReference(schema.$ref, this.#document), name, depth + 1);
    }
    if ('const' in schema) return schema.const;
    if (schema.enum) return dice.pick(schema.enum);
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices) return this.valid(dice.pick(choices), name, depth + 1);
    const type = dice.pick([schema.type ?? 'any'].flat());
    switch (type) {
      case 'string':
        return this.#text(schema, name);
      case 'integer':
      case 'number':
        return this.#number(schema, name, type === 'integer');
      case 'boolean':
        return dice.chance(0.5);
      case 'null':
        return null;
      case 'array':
        return this.#list(schema, name, depth);
      case 'object':
        return this.#object(schema, depth);
      default:
        return this.#anything(depth);
    }
  }

  /** A value that is most probably refused, and must be harmless in any case. */
  hostile(): unknown {
    const dice = this.#dice;
    return dice.chance(0.6) ? this.hostileText() : dice.pick(hostileValues);
  }

  hostileText(): string {
    const dice = this.#dice;
    const text = dice.pick(hostileTexts);
    return dice.chance(0.2) ? text + dice.pick(hostileTexts) : text;
  }

  /** The value with one place spoilt: another type, missing, unknown, too long, hostile. */
  spoilt(value: unknown): unknown {
    const dice = this.#dice;
    const copy: unknown = structuredClone(value);
    const places = placesIn(copy);
    if (places.length === 0 || dice.chance(0.05)) return this.hostile();
    const { parent, key } = dice.pick(places);
    const members = parent as Record<string, unknown>;
    const way = dice.int(5);
    if (way === 0) Reflect.deleteProperty(members, key);
    else if (way === 1) put(members, dice.pick(hostileNames), this.hostile());
    else if (way === 2 && typeof members[key] === 'string') members[key] += this.hostileText();
    else if (way === 3) members[key] = [members[key], members[key]];
    else members[key] = this.hostile();
    return copy;
  }

  #text(schema: JsonSchemaObject, name: string): string {
    const dice = this.#dice;
    const known = dice.chance(0.85) ? this.#known.named(name, dice) : undefined;
    if (schema.format === 'date-time') return this.#instant();
    const { pattern, minLength = 0, maxLength = 64 } = schema;
    if (pattern !== undefined) {
      if (known !== undefined && new RegExp(pattern, 'u').test(known)) return known;
      const kind = /^\^([a-z]+)_\[0-9a-z\]/.exec(pattern)?.[1];
      return (kind && this.#known.one(kind, dice)) ?? dice.pick(this.#samplesOf(pattern));
    }
    if (known !== undefined) return known;
    if (/time$|^start$|^from$|^to$|At$/i.test(name)) return this.#instant();
    const length = dice.pick([minLength, maxLength, Math.min(maxLength, minLength + dice.int(40))]);
    return 'abcdefghij'.repeat(Math.ceil(length / 10)).slice(0, length);
  }

  /** Within some days of now, in several notations. */
  #instant(): string {
    const dice = this.#dice;
    const atMs = this.#nowMs - INSTANT_SPREAD_MS / 8 + dice.int(INSTANT_SPREAD_MS);
    const text = new Date(dice.chance(0.7) ? Math.floor(atMs / 900_000) * 900_000 : atMs).toISOString();
    return dice.chance(0.8) ? text : text.replace(/\.\d+Z$/, '+02:00');
  }

  #number(schema: JsonSchemaObject, name: string, whole: boolean): number {
    const dice = this.#dice;
    const { minimum = 0, maximum = 1000 } = schema;
    if (/ms$/i.test(name)) return this.#nowMs + dice.int(INSTANT_SPREAD_MS);
    const near = Math.min(maximum, Math.max(minimum, 0) + dice.int(50));
    const value = dice.pick([minimum, maximum, near, near]);
    return whole ? Math.trunc(value) : value;
  }

  #list(schema: JsonSchemaObject, name: string, depth: number): unknown[] {
    const { minItems = 0, maxItems = 3 } = schema;
    const length = Math.min(maxItems, Math.max(minItems, depth > DEPTH_MAX ? 0 : this.#dice.int(4)));
    return Array.from({ length }, () => this.valid(schema.items, name, depth + 1));
  }

  #object(schema: JsonSchemaObject, depth: number): object {
    const dice = this.#dice;
    const { properties = {}, required = [], additionalProperties = false } = schema;
    const made: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(properties)) {
      const wanted = required.includes(name) || (depth <= DEPTH_MAX && dice.chance(0.35));
      if (wanted) put(made, name, this.valid(member, name, depth + 1));
    }
    if (additionalProperties === false || depth > DEPTH_MAX) return made;
    for (let left = dice.int(3); left > 0; left--) {
      put(made, `key${dice.int(5)}`, this.valid(additionalProperties, 'key', depth + 1));
    }
    return made;
  }

  #anything(depth: number): unknown {
    const dice = this.#dice;
    if (depth > DEPTH_MAX || dice.chance(0.6)) return dice.pick(['text', 7, true, null, 'A-1047']);
    return { a: this.#anything(depth + 1) };
  }

  #samplesOf(pattern: string): readonly string[] {
    let samples = this.#samples.get(pattern);
    if (samples === undefined) {
      samples = sampled(pattern);
      this.#samples.set(pattern, samples);
    }
    return samples;
  }
}

/** Texts that match; the same for the same pattern. Patterns with look-around may be out of reach. */
function sampled(pattern: string): readonly string[] {
  try {
    return sample(stringMatching(new RegExp(pattern)), { numRuns: SAMPLES_PER_PATTERN, seed: 1 });
  } catch {
    return ['billing', '/', 'en', '12345678'];
  }
}

interface PlaceInValue {
  readonly parent: object;
  readonly key: string;
}

function placesIn(value: unknown): PlaceInValue[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).flatMap((key) => [
    { parent: value, key },
    ...placesIn((value as Record<string, unknown>)[key]),
  ]);
}

/** Own members only: `__proto__` is a name like any other here. */
function put(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}
