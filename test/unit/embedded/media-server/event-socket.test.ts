import { describe, expect, it } from 'vitest';
import { encodeHeaderValue, formatEvent } from '../../../../src/embedded/media-server/event-format.ts';
import { EventHub } from '../../../../src/embedded/media-server/event-hub.ts';
import type { EventReceiver } from '../../../../src/embedded/media-server/event-hub.ts';
import { EventSocketParser } from '../../../../src/embedded/media-server/event-socket-parser.ts';
import { EventSubscription } from '../../../../src/embedded/media-server/event-subscription.ts';

describe('the command parser', () => {
  const text =
    'api status\n\nsendmsg u\nexecute-app-name: set\nexecute-app-arg: a=b: c\n\nsendmsg v\ncontent-length: 4\n\nbody';

  it.each([1, 3, 7, 1_000])('cuts commands from pieces of %i bytes', (size) => {
    const parser = new EventSocketParser(1_000);
    const lines: string[] = [];
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) {
      const commands = parser.push(bytes.subarray(at, at + size));
      if (commands === 'too-long') throw new Error('too long');
      for (const { line, headers, body } of commands) {
        lines.push(`${line}|${headers.get('execute-app-arg') ?? ''}|${body}`);
      }
    }
    expect(lines).toEqual(['api status||', 'sendmsg u|a=b: c|', 'sendmsg v||body']);
  });

  it.each(['x'.repeat(200), `a\ncontent-length: 5000\n\n`, `a\ncontent-length: -1\n\n`])(
    'refuses what is too long',
    (bytes) => {
      expect(new EventSocketParser(100).push(Buffer.from(bytes))).toBe('too-long');
    },
  );
});

describe('a subscription', () => {
  it('wants the names it was given, SWITCH_EVENT_ or not, and subclasses of CUSTOM', () => {
    const subscription = new EventSubscription();
    subscription.add(['SWITCH_EVENT_PLAYBACK_START', 'DTMF', 'CUSTOM', 'conference::maintenance']);
    const wants = (name: string, subclass = ''): boolean =>
      subscription.wants({ 'Event-Name': name, 'Event-Subclass': subclass });
    expect([wants('PLAYBACK_START'), wants('DTMF'), wants('CHANNEL_ANSWER')]).toEqual([true, true, false]);
    expect([wants('CUSTOM', 'conference::maintenance'), wants('CUSTOM', 'other')]).toEqual([true, false]);
    subscription.remove(['DTMF']);
    expect(wants('DTMF')).toBe(false);
  });

  it('with filters wants what one of them meets', () => {
    const subscription = new EventSubscription();
    subscription.add(['ALL']);
    subscription.addFilter('Unique-ID', 'a');
    subscription.addFilter('Caller', 'x');
    expect(subscription.wants({ 'Event-Name': 'E', 'Unique-ID': 'a' })).toBe(true);
    expect(subscription.wants({ 'Event-Name': 'E', 'Unique-ID': 'b', Caller: 'x' })).toBe(true);
    expect(subscription.wants({ 'Event-Name': 'E', 'Unique-ID': 'b' })).toBe(false);
    subscription.removeFilter('all', undefined);
    expect(subscription.wants({ 'Event-Name': 'E', 'Unique-ID': 'b' })).toBe(true);
  });
});

describe('the hub', () => {
  function receiver(ownUuid?: string): EventReceiver & { count: number } {
    const subscription = new EventSubscription();
    subscription.add(['ALL']);
    const made = { subscription, ownUuid, count: 0, sendEvent: () => void made.count++ };
    return made;
  }

  it('gives a channel’s connection the events of that channel, and a general one all', () => {
    const hub = new EventHub();
    const own = receiver('u1');
    const all = receiver();
    hub.update(own);
    hub.update(all);
    for (const uuid of ['u1', 'u2']) hub.deliver({ headers: { 'Event-Name': 'DTMF', 'Unique-ID': uuid } });
    hub.deliver({ headers: { 'Event-Name': 'HEARTBEAT' } });
    expect([own.count, all.count]).toEqual([1, 3]);
    hub.remove(own);
    hub.deliver({ headers: { 'Event-Name': 'DTMF', 'Unique-ID': 'u1' } });
    expect(own.count).toBe(1);
    expect(hub.receiverCount).toBe(1);
  });

  it('finds a connection by every one of its filters, once', () => {
    const hub = new EventHub();
    const own = receiver('u1');
    own.subscription.addFilter('Unique-ID', 'u1');
    own.subscription.addFilter('Conference-Unique-ID', 'c1');
    hub.update(own);
    hub.deliver({ headers: { 'Event-Name': 'CUSTOM', 'Unique-ID': 'u1', 'Conference-Unique-ID': 'c1' } });
    hub.deliver({ headers: { 'Event-Name': 'CUSTOM', 'Unique-ID': 'u9', 'Conference-Unique-ID': 'c1' } });
    expect(own.count).toBe(2);
  });
});

it('encodes values so that a client gets them back', () => {
  for (const value of ['a: b\r\nc', '100%', 'ü/,', 'plain', '\ud800']) {
    expect(decodeURIComponent(encodeHeaderValue(value))).toBe(Buffer.from(value).toString());
  }
});

it('announces the length of an event in bytes', () => {
  const text = formatEvent({ headers: { A: 'ü' }, body: 'é' }, 'json').toString();
  const [head = '', body = ''] = text.split('\n\n');
  expect(Number(/Content-Length: (\d+)/.exec(head)?.[1])).toBe(Buffer.byteLength(body));
  expect(JSON.parse(body)).toEqual({ A: 'ü', 'Content-Length': '2', _body: 'é' });
});
