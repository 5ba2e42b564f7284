import { beforeEach, describe, expect, it } from 'vitest';
import { AttemptListener } from '../../../src/application/attempt-listener.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { settle } from '../../fakes/fake-telephony.ts';
import { joined, speech } from '../progress/signal.ts';
import { beep, HeardCall, quiet, sounds } from './listening.ts';

let heard: HeardCall;
let listener: AttemptListener;
let told: string[];

beforeEach(() => {
  heard = new HeardCall();
  told = [];
  listener = new AttemptListener({
    clock: heard.clock,
    log: silentLog,
    profile: 'favour-person',
    countries: ['US'],
    onEarlyEnd: (verdict) => told.push(`early ${verdict}`),
    onPerson: (verdict) => told.push(`person ${verdict}`),
    onNobody: (verdict) => told.push(`nobody ${verdict}`),
  });
  if (!listener.start(heard.call)) throw new Error('nobody listens');
});

/** What `messageTime` has resolved with, so far. */
function messageTime(): { readonly isTime: () => boolean | undefined } {
  let resolved: boolean | undefined;
  void listener.messageTime().then((isTime) => (resolved = isTime));
  return { isTime: () => resolved };
}

describe('before the answer', () => {
  it.each([
    ['busy', sounds.busy],
    ['sit-vacant', sounds.vacant],
  ] as const)('%s ends the attempt', async (verdict, samples) => {
    await heard.sends(samples);
    expect(told).toEqual([`early ${verdict}`]);
    expect(listener.early).toBe(verdict);
  });

  it('neither an announcement nor the sound of a fax ends it', async () => {
    await heard.sends(joined(sounds.person, sounds.fax));
    await heard.sends(sounds.longMachine);
    expect(told).toEqual([]);
    expect(listener.early).toBeUndefined();
  });

  it('what was said does not count after the answer', async () => {
    await heard.sends(speech(4000));
    listener.answered();
    await heard.sends(sounds.person);
    expect(told).toEqual(['person human']);
    expect(listener.decision?.decidedAtMs).toBeLessThan(2000);
  });
});

describe('after the answer', () => {
  beforeEach(() => listener.answered());

  it('a person is told of once, right after the greeting', async () => {
    await heard.sends(joined(sounds.person, quiet(4000)));
    expect(told).toEqual(['person human']);
    expect(heard.clock.pendingCount).toBe(0);
  });

  it('a machine that is recognised before the question is due is never asked', async () => {
    await heard.sends(joined(sounds.shortMachine, quiet(4000)));
    expect(told).toEqual(['nobody machine']);
  });

  it('the question waits 2.5 s for the end of a greeting, then a machine breaks it off', async () => {
    await heard.sends(speech(2440));
    expect(told).toEqual([]);
    await heard.sends(speech(500));
    expect(told).toEqual(['person undefined']);
    await heard.sends(sounds.longMachine);
    expect(told).toEqual(['person undefined', 'nobody machine']);
  });

  it('a person is taken back when the beep of a machine follows', async () => {
    await heard.sends(joined(speech(1500), quiet(1000)));
    expect(told).toEqual(['person human']);
    await heard.sends(joined(beep, quiet(500)));
    expect(told).toEqual(['person human', 'nobody machine']);
    expect(listener.decision).toMatchObject({ verdict: 'machine', isRevision: true });
  });

  it('without a single frame the question begins after 2.5 s', async () => {
    await heard.passes(2499);
    expect(told).toEqual([]);
    await heard.passes(1);
    expect(told).toEqual(['person undefined']);
    expect(listener.conclude()).toBeUndefined();
  });

  it('silence is asked after 2.5 s and concluded to be silence', async () => {
    await heard.sends(quiet(2600));
    expect(told).toEqual(['person undefined']);
    await heard.sends(quiet(1000));
    expect(listener.conclude()).toMatchObject({ verdict: 'silence' });
    expect(told).toHaveLength(1);
  });

  it('too little is concluded to be nothing', async () => {
    await heard.sends(quiet(1000));
    expect(listener.conclude()).toBeUndefined();
  });

  it('a key proves a person at once, whatever follows', async () => {
    await heard.sends(speech(800));
    listener.personProven();
    await heard.sends(sounds.longMachine);
    await heard.passes(60_000);
    expect(told).toEqual(['person undefined']);
    expect(heard.call.listener).toBeUndefined();
  });

  it.each([
    ['fax', sounds.fax],
    ['sit-vacant', sounds.vacant],
  ] as const)('%s is nobody', async (verdict, samples) => {
    await heard.sends(samples);
    expect(told).toEqual([`nobody ${verdict}`]);
  });

  it('hears and tells nothing once it was stopped, and leaves no timer behind', async () => {
    await heard.sends(speech(800));
    const tap = heard.call.listener;
    listener.stop();
    tap?.(sounds.longMachine.slice(0, 160));
    await heard.passes(60_000);
    expect(told).toEqual([]);
    expect(heard.clock.pendingCount).toBe(0);
  });
});

describe('a message', () => {
  beforeEach(() => listener.answered());

  it('is due at once when the beep is over', async () => {
    await heard.sends(sounds.shortMachine);
    const message = messageTime();
    await settle();
    expect(message.isTime()).toBe(true);
  });

  it('waits for the beep of a greeting that goes on', async () => {
    await heard.sends(sounds.longMachine);
    const message = messageTime();
    await heard.sends(joined(speech(3000), quiet(600)));
    expect(message.isTime()).toBeUndefined();
    await heard.sends(joined(beep, quiet(200)));
    expect(message.isTime()).toBe(true);
    expect(heard.clock.pendingCount).toBe(0);
  });

  it('is due after 1.8 s of quiet when no beep comes', async () => {
    await heard.sends(sounds.longMachine);
    const message = messageTime();
    await heard.sends(quiet(1700));
    expect(message.isTime()).toBeUndefined();
    await heard.sends(quiet(700));
    expect(message.isTime()).toBe(true);
  });

  it('does not take a beep that the greeting began with for its end', async () => {
    await heard.sends(joined(beep, quiet(300), sounds.longMachine));
    expect(told.at(-1)).toBe('nobody machine');
    const message = messageTime();
    await settle();
    expect(message.isTime()).toBeUndefined();
    await heard.sends(quiet(2500));
    expect(message.isTime()).toBe(true);
  });

  it('is due after 45 s at the latest', async () => {
    await heard.sends(sounds.longMachine);
    const message = messageTime();
    await heard.passes(44_999);
    expect(message.isTime()).toBeUndefined();
    await heard.passes(1);
    expect(message.isTime()).toBe(true);
  });

  it('is never due when the call has ended', async () => {
    await heard.sends(sounds.longMachine);
    const message = messageTime();
    listener.stop();
    await settle();
    expect(message.isTime()).toBe(false);
    expect(await listener.messageTime()).toBe(false);
    expect(heard.clock.pendingCount).toBe(0);
  });
});
