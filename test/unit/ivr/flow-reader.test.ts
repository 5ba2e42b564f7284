import { describe, expect, test } from 'vitest';
import { FLOW_FILE_BYTES_MAX } from '../../../src/ivr/flow-document.ts';
import { readFlow } from '../../../src/ivr/flow-reader.ts';

const prompts = new Set(['hello', 'ask', 'bye']);
const surroundings = {
  prompts: new Map([
    ['en', prompts],
    ['de', new Set(['hello', 'bye'])],
  ]),
  audio: new Set(['music/hold-1.wav']),
};

const bye = { do: 'hang-up', phrase: ['bye'] };

function faultsOf(states: Record<string, unknown>, rest: Record<string, unknown> = {}): string[] {
  const text = JSON.stringify({ flow: 't', version: 1, initial: 'a', ...rest, states }, null, 1);
  const reading = readFlow('t', text, surroundings);
  return reading.kind === 'valid' ? [] : reading.faults.map(({ path, message }) => `${path}: ${message}`);
}

test('a small flow is valid and has its defaults filled in', () => {
  const text = JSON.stringify({
    flow: 't',
    version: 1,
    initial: 'a',
    states: { a: { do: 'play', phrase: ['hello'], on: { done: 'b' } }, b: bye },
  });
  expect(readFlow('t', text, surroundings)).toMatchObject({
    kind: 'valid',
    flow: { initial: 'a', states: { a: { bargeIn: true }, b: { result: 'goodbye', on: {} } } },
  });
});

describe('a flow is refused for', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['an unknown verb', { a: { do: 'dance' } }, /^states\.a\.do: unknown verb; a state does one of play, say/],
    ['no verb', { a: {} }, /^states\.a\.do: unknown verb/],
    ['a state that is no object', { a: 7 }, /^states\.a\.do: unknown verb/],
    ['an unknown field', { a: { ...bye, loud: true } }, /^states\.a: Unrecognized key: "loud"/],
    ['an unknown target', { a: { do: 'play', phrase: ['hello'], on: { done: 'x' } } }, /^states\.a\.on\.done: no state is named "x"/],
    ['a missing outcome', { a: { do: 'play', phrase: ['hello'] } }, /^states\.a\.on: has no transition for the outcome "done" of "play"/],
    ['one outcome of two missing', { a: { do: 'branch', if: { fact: 'open' }, on: { yes: 'b' } }, b: bye }, /outcome "no" of "branch"/],
    ['an unknown outcome', { a: { do: 'play', phrase: ['hello'], on: { done: 'b', never: 'b' } }, b: bye }, /^states\.a\.on\.never: "play" has no outcome "never"; it has done/],
    ['a transition out of an end', { a: { ...bye, on: { done: 'a' } } }, /"hang-up" has no outcome "done"; it has none/],
    ['a state that cannot be reached', { a: bye, b: bye }, /^states\.b: cannot be reached/],
    ['a prompt without text', { a: { ...bye, phrase: ['nowhere'] } }, /^states\.a\.phrase: the prompt "nowhere" has no text or no audio in en, de/],
    ['a prompt missing in one language', { a: { ...bye, phrase: ['ask'] } }, /"ask" has no text or no audio in de/],
    ['a prompt missing in a condition', { a: { ...bye, phrase: [{ when: { fact: 'open' }, phrase: ['hello'], otherwise: ['gone'] }] } }, /prompt "gone"/],
    ['a prompt id with odd characters', { a: { ...bye, phrase: ['../secret'] } }, /^states\.a\.phrase\[0\]: must be a prompt id/],
    ['an empty phrase', { a: { ...bye, phrase: [] } }, /^states\.a\.phrase: /],
    ['a phrase of too many items', { a: { ...bye, phrase: Array(21).fill('bye') } }, /^states\.a\.phrase: /],
    ['a phrase item of no known form', { a: { ...bye, phrase: [{}] } }, /^states\.a\.phrase\[0\]: an item is a prompt id/],
    ['saying a fact that is no number', { a: { ...bye, phrase: [{ say: 'number', fact: 'open' }] } }, /^states\.a\.phrase\[0\]\.fact: must name a fact that is a number/],
    ['an unknown fact', { a: { do: 'branch', if: { fact: 'weather' }, on: { yes: 'b', no: 'b' } }, b: bye }, /^states\.a\.if\.fact: unknown fact; known are queue/],
    ['comparing a flag', { a: { do: 'branch', if: { fact: 'open', above: 3 }, on: { yes: 'b', no: 'b' } }, b: bye }, /^states\.a\.if: "open" is not a number/],
    ['comparing with another type', { a: { do: 'branch', if: { fact: 'ewtSec', is: 'long' }, on: { yes: 'b', no: 'b' } }, b: bye }, /^states\.a\.if\.is: "ewtSec" is compared with a number/],
    ['a condition of no known form', { a: { do: 'branch', if: { every: [] }, on: { yes: 'b', no: 'b' } }, b: bye }, /^states\.a\.if: a condition is/],
    ['an unknown variable', { a: { do: 'branch', if: { all: [{ variable: 'mood' }] }, on: { yes: 'b', no: 'b' } }, b: bye }, /^states\.a\.if\.all\[0\]\.variable: unknown variable/],
    ['conditions nested too deep', { a: { do: 'branch', if: nested(6), on: { yes: 'b', no: 'b' } }, b: bye }, /nested 4 deep at most/],
    ['phrases nested too deep', { a: { ...bye, phrase: nestedPhrase(6) } }, /nested 4 deep at most/],
    ['a menu without a key', { a: { do: 'menu', phrase: ['hello'], on: { silence: 'b' } }, b: bye }, /^states\.a\.on: "menu" has no key/],
    ['a menu without silence', { a: { do: 'menu', phrase: ['hello'], on: { 1: 'b' } }, b: bye }, /outcome "silence" of "menu"/],
    ['a number out of range', { a: { do: 'wait', durationSec: 1e9, on: { done: 'b' } }, b: bye }, /^states\.a\.durationSec: /],
    ['digits the wrong way round', { a: { do: 'collect', phrase: ['hello'], digitsMin: 9, digitsMax: 3, on: { collected: 'b', silence: 'b' } }, b: bye }, /^states\.a\.digitsMin: must not be above digitsMax/],
    ['music that is not there', { a: { do: 'queue', music: ['music/gone.wav'], on: { full: 'b' } }, b: bye }, /^states\.a\.music\[0\]: there is no audio file "music\/gone\.wav"/],
    ['music outside the folder', { a: { do: 'queue', music: ['../../etc/passwd'], on: { full: 'b' } }, b: bye }, /^states\.a\.music\[0\]: must be like/],
    ['an offer that leads nowhere', { a: { do: 'queue', music: ['music/hold-1.wav'], offerWhen: { fact: 'open' }, on: { full: 'b' } }, b: bye }, /outcome "offer-due" of "queue"/],
    ['an offer that never comes', { a: { do: 'queue', music: ['music/hold-1.wav'], on: { full: 'b', 'offer-due': 'b' } }, b: bye }, /"queue" has no outcome "offer-due"/],
    ['visits counted without a way out', { a: { do: 'play', phrase: ['hello'], visitsMax: 2, on: { done: 'b' } }, b: bye }, /outcome "exhausted" of "play"/],
    ['a loop without a wait', { a: { do: 'set', variable: 'mark', to: true, on: { done: 'a' } } }, /^states\.a\.on: goes round without the caller doing anything: a → a/],
    ['a loop of prompts', { a: { do: 'play', phrase: ['hello'], on: { done: 'b' } }, b: { do: 'branch', if: { fact: 'open' }, on: { yes: 'a', no: 'c' } }, c: bye }, /a → b → a/],
    ['a loop of silence', { a: { do: 'menu', phrase: ['hello'], on: { 1: 'b', silence: 'a' } }, b: bye }, /a → a; count one state with visitsMax/],
    ['a loop by an outcome that stands in for another', { a: { do: 'screen', from: 'ani', on: { accepted: 'b', 'not-valid': 'a' } }, b: bye }, /a → a/],
    ['a transfer to no number', { a: { do: 'transfer', to: 'sip:x@evil', on: { failed: 'b' } }, b: bye }, /^states\.a\.to: must be a number/],
    ['a state name with odd characters', { a: { do: 'play', phrase: ['hello'], on: { done: 'B c' } } }, /must be lower-case/],
  ])('%s', (_, states, expected) => {
    expect(faultsOf(states)).toEqual(expect.arrayContaining([expect.stringMatching(expected)]));
  }); // prettier-ignore

  test.each([
    ['another name than its file', { flow: 'x' }, 'flow: must be "t", the name of the file'],
    ['an unknown initial state', { initial: 'x' }, 'initial: no state is named "x"'],
    ['another version of the format', { version: 2 }, 'version: must be 1, the version of this format'],
  ])('%s', (_, rest, expected) => {
    expect(faultsOf({ a: bye }, rest)).toContain(expected);
  });

  test('too many states', () => {
    const states = Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`a${n}`, bye]));
    expect(faultsOf(states)).toEqual(['states: has more than 200 states']);
  });

  test('its size, unread', () => {
    const reading = readFlow('t', ' '.repeat(FLOW_FILE_BYTES_MAX + 1), surroundings);
    expect(reading).toMatchObject({
      kind: 'invalid',
      faults: [{ message: expect.stringContaining('larger') }],
    });
  });

  test.each([
    ['text that is not JSON', '{\n "flow": "t",\n oops\n}', 3, 'is not JSON, or more than 64 deep'],
    ['a comma too many', '{\n "flow": "t",\n}', 3, 'is not JSON, or more than 64 deep'],
    ['a string that does not end', '{\n "flow": "t\n}', 2, 'is not JSON, or more than 64 deep'],
    ['a bracket that does not close', '{\n "a": [1, 2}\n}', 2, 'is not JSON, or more than 64 deep'],
    ['text that stops', '{\n "a": [1,\n', 2, 'is not JSON, or more than 64 deep'],
    ['an empty file', '', 1, 'is not JSON, or more than 64 deep'],
    ['a comment', '{} // no', 1, 'is not JSON, or more than 64 deep'],
    ['lists in lists without end', '['.repeat(100_000), 1, 'is not JSON, or more than 64 deep'],
    ['a key that stands twice', '{\n "flow": "t",\n "flow": "t"\n}', 3, 'has a key twice'],
    ['a key again in other letters', '{\n "a": {"b": 1},\n "\\u0061": "t"\n}', 3, 'has a key twice'],
    ['a key twice in an inner object', '{"a": {"a": 1},\n "b": [{"a": 1,\n "a": 2}]}', 3, 'has a key twice'],
    ['something that is no object', '[]', 1, 'Invalid input: expected object, received array'],
  ])('%s, with the line', (_, text, line, message) => {
    expect(readFlow('t', text, surroundings)).toEqual({
      kind: 'invalid',
      faults: [{ path: '', line, message }],
    });
  });
});

test('every fault carries its path and line, all at once', () => {
  const text = `{
  "flow": "t", "version": 1, "initial": "a",
  "states": {
    "a": {
      "do": "play",
      "phrase": ["hello", "gone"],
      "on": { "done": "nowhere" }
    },
    "b": { "do": "hang-up" }
  }
}`;
  const reading = readFlow('t', text, surroundings);
  expect(reading.kind === 'invalid' && reading.faults.map(({ path, line }) => [path, line])).toEqual([
    ['states.a.on.done', 7],
    ['states.a.phrase', 6],
  ]);
});

test('a loop that only the caller can keep turning is allowed', () => {
  const states = {
    a: { do: 'menu', phrase: ['hello'], on: { 1: 'a', silence: 'b' } },
    b: bye,
  };
  expect(faultsOf(states)).toEqual([]);
});

test('no JSON value at any place of a valid flow makes the reader throw', () => {
  const valid = {
    do: 'queue',
    music: ['music/hold-1.wav'],
    offerWhen: { fact: 'open' },
    on: { full: 'b', 'offer-due': 'b' },
  };
  const oddities: unknown[] = [
    null,
    true,
    -1,
    Number.MAX_VALUE,
    '',
    'x',
    [],
    {},
    [[]],
    { all: null },
    { __proto__: null, toString: 1 },
  ];
  for (const field of Object.keys(valid)) {
    for (const odd of oddities) {
      expect(() => faultsOf({ a: { ...valid, [field]: odd }, b: bye })).not.toThrow();
      expect(() => faultsOf({ a: odd, b: bye })).not.toThrow();
    }
  }
});

function nested(depth: number): unknown {
  return depth === 0 ? { fact: 'open' } : { not: nested(depth - 1) };
}

function nestedPhrase(depth: number): unknown {
  return depth === 0 ? ['bye'] : [{ when: { fact: 'open' }, phrase: nestedPhrase(depth - 1) }];
}
