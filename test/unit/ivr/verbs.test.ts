import { describe, expect, test } from 'vitest';
import { FlowMachine } from '../../../src/ivr/flow-machine.ts';
import { readFlow } from '../../../src/ivr/flow-reader.ts';
import { Conversation } from './conversation.ts';

const prompts = new Set(['hello', 'ask', 'wrong', 'silent', 'bye', 'mark-set']);
const surroundings = { prompts: new Map([['en', prompts]]), audio: new Set<string>() };

function start(states: Record<string, unknown>): Conversation {
  const ends = { bye: { do: 'hang-up', phrase: ['bye'] }, over: { do: 'end', result: 'done' } };
  const used = JSON.stringify(states);
  const needed = Object.fromEntries(Object.entries(ends).filter(([name]) => used.includes(`"${name}"`)));
  const text = JSON.stringify({ flow: 't', version: 1, initial: 'a', states: { ...states, ...needed } });
  const reading = readFlow('t', text, surroundings);
  if (reading.kind === 'invalid') throw new Error(JSON.stringify(reading.faults));
  return new Conversation(new FlowMachine(reading.flow)).start();
}

describe('collect', () => {
  const collect = {
    a: {
      do: 'collect',
      phrase: ['ask'],
      digitsMin: 4,
      digitsMax: 6,
      on: { collected: 'spoken', silence: 'bye' },
    },
    spoken: { do: 'say', phrase: [{ say: 'digits', variable: 'digits' }], on: { done: 'over' } },
  };

  test.each([
    ['1234#', '1234'],
    ['123456#', '123456'],
    ['12*3456#', '3456'],
    ['A12B34#', '1234'],
  ])('takes %s as %s', async (keyed, digits) => {
    const caller = start(collect);
    await caller.press('ask', keyed);
    await caller.end();
    expect(caller.heard.slice(1)).toEqual(digits.split('').map((digit) => `digit-${digit}`));
  });

  test('waits longer for the first digit than between digits', async () => {
    const caller = start(collect);
    await caller.hear('ask');
    await caller.pass(1000 + 5900);
    caller.leg.press('12');
    await caller.pass(3900);
    caller.leg.press('34');
    await caller.pass(3900);
    expect(caller.outcome).toBeUndefined();
    await caller.hear('digit-1');
    await caller.end();
  });

  test('ends by itself at the last digit when there is no terminator', async () => {
    const caller = start({ ...collect, a: { ...collect.a, terminator: 'none' } });
    await caller.press('ask', '123456');
    await caller.hear('digit-6');
    expect(await caller.end()).toMatchObject({ result: 'done' });
  });

  test('is not kept up for ever by a caller who clears again and again', async () => {
    const caller = start(collect);
    await caller.hear('ask');
    for (let i = 0; i < 24; i++) {
      expect(caller.heard).not.toContain('bye');
      caller.leg.press('*');
      await caller.pass(100);
    }
    expect(caller.heard).toContain('bye');
    expect(await caller.end()).toMatchObject({ kind: 'finished', result: 'goodbye' });
  });
});

describe('menu', () => {
  const menu = {
    a: {
      do: 'menu', phrase: ['ask'], invalidPhrase: ['wrong'], silencePhrase: ['silent'], timeoutSec: 3,
      on: { '1': 'over', '*': 'over', '#': 'over', silence: 'bye' },
    },
  }; // prettier-ignore

  test.each(['1', '*', '#'])('takes the key %s', async (key) => {
    const caller = start(menu);
    await caller.press('ask', key);
    expect(await caller.end()).toMatchObject({ result: 'done' });
  });

  test('asks three times, says what was wrong with each, and goes on as silent', async () => {
    const caller = start(menu);
    await caller.press('ask', '7');
    await caller.press('ask', '');
    await caller.press('ask', '8');
    expect(await caller.end()).toMatchObject({ result: 'goodbye' });
    expect(caller.heard).toEqual(['ask', 'wrong', 'ask', 'silent', 'ask', 'wrong', 'bye']);
  });

  test('may part wrong keys from silence', async () => {
    const caller = start({ a: { ...menu.a, triesMax: 1, on: { ...menu.a.on, invalid: 'over' } } });
    await caller.press('ask', '7');
    expect(await caller.end()).toMatchObject({ result: 'done' });
  });

  test('forgets keys typed after a wrong one', async () => {
    const caller = start(menu);
    await caller.press('ask', '71');
    await caller.hear('wrong');
    await caller.hear('ask');
    await caller.pass(200);
    expect(caller.outcome).toBeUndefined();
    caller.leg.end();
    await caller.end();
  });
});

describe('play', () => {
  test('is stopped by a key, which the next menu takes', async () => {
    const caller = start({
      a: { do: 'play', phrase: ['hello'], on: { done: 'b' } },
      b: { do: 'menu', phrase: ['ask'], on: { '1': 'over', silence: 'bye' } },
    });
    await caller.press('hello', '1');
    expect(await caller.end()).toMatchObject({ result: 'done' });
    expect(caller.leg.playbacks.map(({ outcome }) => outcome)).toEqual(['stopped']);
  });

  test('without barge-in is heard to the end and the keys are forgotten', async () => {
    const caller = start({
      a: { do: 'play', phrase: ['hello'], bargeIn: false, on: { done: 'b' } },
      b: { do: 'menu', phrase: ['ask'], on: { '1': 'over', silence: 'bye' } },
    });
    await caller.press('hello', '1');
    await caller.hear('ask');
    expect(caller.leg.playbacks[0]?.outcome).toBe('done');
    caller.leg.end();
    await caller.end();
  });
});

test('transfer hands the leg over', async () => {
  const caller = start({ a: { do: 'transfer', to: '2000', on: { failed: 'bye' } } });
  expect(await caller.end()).toEqual({ kind: 'transferred', to: '2000' });
  expect(caller.host.asked).toEqual(['transfer 2000']);
});

test('a failed transfer goes on with the flow', async () => {
  const caller = start({
    w: { do: 'transfer', to: '2000', on: { failed: 'bye' } },
    a: { do: 'wait', durationSec: 1, on: { done: 'w' } },
  });
  caller.host.transferAnswer = 'failed';
  expect(await caller.end()).toMatchObject({ kind: 'finished' });
});

test('a state entered more often than its visitsMax leaves as exhausted', async () => {
  const caller = start({
    a: { do: 'play', phrase: ['hello'], visitsMax: 3, on: { done: 'a', exhausted: 'over' } },
  });
  expect(await caller.end()).toMatchObject({ result: 'done' });
  expect(caller.heard).toEqual(['hello', 'hello', 'hello']);
});

test('what set remembers decides a branch', async () => {
  const caller = start({
    a: { do: 'set', variable: 'mark', to: 'vip', on: { done: 'b' } },
    b: { do: 'branch', if: { variable: 'mark', is: 'vip' }, on: { yes: 'c', no: 'bye' } },
    c: { do: 'play', phrase: ['mark-set'], on: { done: 'over' } },
  });
  await caller.end();
  expect(caller.heard).toEqual(['mark-set']);
});

test('booking without a screened number is refused', async () => {
  const caller = start({ a: { do: 'book', on: { booked: 'over', refused: 'bye' } } });
  expect(await caller.end()).toMatchObject({ kind: 'finished', result: 'goodbye' });
  expect(caller.host.asked).toEqual([]);
});

test('a loop that only keys keep turning is stopped after so many steps', async () => {
  const caller = start({ a: { do: 'menu', phrase: ['ask'], on: { '1': 'a', silence: 'bye' } } });
  while (!caller.outcome) {
    caller.leg.press('1'.repeat(40));
    await caller.pass(50);
  }
  expect(await caller.end()).toMatchObject({ kind: 'failed', code: 'FLOW_LOOPED' });
});
