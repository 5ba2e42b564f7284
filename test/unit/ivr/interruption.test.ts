import { beforeAll, describe, expect, test } from 'vitest';
import type { FlowLibrary } from '../../../src/ivr/flow-library.ts';
import { Conversation, repositoryFlows } from './conversation.ts';

let library: FlowLibrary;
beforeAll(async () => {
  library = await repositoryFlows();
});

/** How a caller gets to each prompt of the inbound flow: the keys pressed at the prompts before it. */
const journeys: readonly (readonly [prompt: string, keys: readonly (readonly [string, string])[]])[] = [
  ['greeting', []],
  ['please-hold', []],
  ['you-are-number', []],
  ['offer', []],
  ['staying', [['offer', '']]],
  ['hold-1', [['offer', '']]],
  ['number-on-screen', [['offer', '1']]],
  ['not-understood', [['offer', '1'], ['number-on-screen', '8']]],
  ['nothing-heard', [['offer', '1'], ['number-on-screen', '']]],
  ['key-number', [['offer', '1'], ['number-on-screen', '2']]],
  ['too-few-digits', [['offer', '1'], ['number-on-screen', '2'], ['key-number', '1#']]],
  ['too-many-digits', [['offer', '1'], ['number-on-screen', '2'], ['key-number', '1234567890123456#']]],
  ['number-not-valid', [['offer', '1'], ['number-on-screen', '2'], ['key-number', '1234567#']]],
  ['number-not-permitted', [['offer', '1'], ['number-on-screen', '2'], ['key-number', '9005550100#']]],
  ['number-you-keyed', [['offer', '1'], ['number-on-screen', '2'], ['key-number', '3125550188#']]],
]; // prettier-ignore

async function travel(prompt: string, keys: readonly (readonly [string, string])[]): Promise<Conversation> {
  const caller = new Conversation(library.require('inbound'), library.audioMs).start();
  for (const [at, pressed] of keys) await caller.press(at, pressed);
  await caller.hear(prompt);
  return caller;
}

describe.each(journeys)('while "%s" is heard', (prompt, keys) => {
  const inLine = prompt !== 'greeting';

  test('hanging up ends the flow at once and books nothing', async () => {
    const caller = await travel(prompt, keys);
    caller.leg.end();
    await caller.pass(0);
    expect(caller.outcome).toMatchObject({ kind: 'hung-up', inLine });
    await caller.end();
    expect(caller.host.asked.filter((entry) => entry.startsWith('book'))).toEqual([]);
  });

  test('an agent taking the call stops the flow at once, with the call up and silent', async () => {
    const caller = await travel(prompt, keys);
    caller.host.takeByAgent();
    await caller.pass(0);
    expect(caller.outcome).toMatchObject({ kind: 'agent-taken' });
    await caller.end();
    expect(caller.leg.termination).toBeUndefined();
  });

  test('the host stopping the flow leaves the call up and silent', async () => {
    const caller = await travel(prompt, keys);
    caller.stop.abort();
    await caller.pass(0);
    expect(caller.outcome).toMatchObject({ kind: 'stopped' });
    await caller.end();
    expect(caller.leg.termination).toBeUndefined();
  });
});

describe('before the flow begins', () => {
  test('a call that has already ended gives hung-up without a sound', async () => {
    const caller = new Conversation(library.require('inbound'));
    caller.leg.end();
    expect(await caller.start().end()).toEqual({ kind: 'hung-up', state: 'greeting', inLine: false });
    expect(caller.heard).toEqual([]);
  });

  test('a call that an agent has already taken gives agent-taken without a sound', async () => {
    const caller = new Conversation(library.require('inbound'));
    caller.host.takeByAgent();
    expect(await caller.start().end()).toEqual({ kind: 'agent-taken', state: 'greeting' });
    expect(caller.heard).toEqual([]);
  });
});

test('a caller who hangs up after an agent was found counts as hung up', async () => {
  const caller = await travel('offer', []);
  caller.host.takeByAgent();
  caller.leg.end();
  expect(await caller.end()).toMatchObject({ kind: 'hung-up', inLine: true });
});

describe('when media fails on a leg that is up', () => {
  test('the dialogue gives up after a few playbacks with MEDIA_FAILED', async () => {
    const caller = new Conversation(library.require('inbound'));
    caller.leg.mediaFails = true;
    expect(await caller.start().end()).toMatchObject({ kind: 'failed', code: 'MEDIA_FAILED' });
    expect(caller.leg.playbacks).toHaveLength(5);
  });

  test('a single failed playback is passed over', async () => {
    const caller = new Conversation(library.require('inbound'));
    caller.leg.mediaFails = true;
    caller.start();
    await caller.pass(500);
    caller.leg.mediaFails = false;
    await caller.hear('please-hold');
    caller.leg.end();
    expect(await caller.end()).toMatchObject({ kind: 'hung-up', inLine: true });
  });
});

test('a host that fails ends the flow as failed and leaves nothing behind', async () => {
  const caller = new Conversation(library.require('inbound'));
  caller.host.enterQueue = () => Promise.reject(new Error('no line'));
  expect(await caller.start().end()).toMatchObject({ kind: 'failed', state: 'line', code: 'FLOW_FAILED' });
  expect(caller.heard).toEqual(['greeting', 'system-fault']);
});
