import { expect, it } from 'vitest';
import {
  TelephoneEventReceiver,
  TelephoneEventSender,
} from '../../../../src/embedded/rtp/telephone-event.ts';

function payload(code: number, duration: number, isEnd: boolean): Buffer {
  const bytes = Buffer.from([code, isEnd ? 0x8a : 0x0a, 0, 0]);
  bytes.writeUInt16BE(duration, 2);
  return bytes;
}

/** `[timestamp, code, duration, isEnd]` */
type Step = readonly [number, number, number, boolean];

function receive(steps: readonly Step[]): string {
  const receiver = new TelephoneEventReceiver();
  return steps
    .flatMap(([timestamp, code, duration, isEnd], i) =>
      receiver.receive(1, timestamp, payload(code, duration, isEnd), i * 20),
    )
    .map(({ digit, durationSamples }) => `${digit}${durationSamples}`)
    .join(' ');
}

it.each<[string, readonly Step[], string]>([
  [
    'three end packets',
    [
      [100, 1, 160, false],
      [100, 1, 320, true],
      [100, 1, 320, true],
      [100, 1, 320, true],
    ],
    '1320',
  ],
  ['an end packet alone', [[100, 11, 800, true]], '#800'],
  [
    'a lost end, the next key tells it',
    [
      [100, 1, 160, false],
      [900, 2, 160, false],
      [900, 2, 320, true],
    ],
    '1160 2320',
  ],
  [
    'a late packet of a key already told',
    [
      [100, 1, 160, true],
      [900, 2, 160, true],
      [100, 1, 160, false],
    ],
    '1160 2160',
  ],
  [
    'the same key twice',
    [
      [100, 5, 160, true],
      [900, 5, 160, true],
    ],
    '5160 5160',
  ],
  ['a code that is no key', [[100, 40, 160, true]], ''],
])('tells each key once: %s', (_what, steps, expected) => {
  expect(receive(steps)).toBe(expected);
});

it('ends a key by itself when nothing more comes', () => {
  const receiver = new TelephoneEventReceiver();
  expect(receiver.receive(1, 100, payload(7, 160, false), 0)).toEqual([]);
  expect(receiver.isWaiting).toBe(true);
  expect(receiver.expire(100)).toEqual([]);
  expect(receiver.expire(120)).toMatchObject([{ digit: '7' }]);
  expect(receiver.isWaiting).toBe(false);
});

it('sends what it would understand: digits in order, three end packets each', () => {
  const sender = new TelephoneEventSender();
  for (const digit of '1#A') expect(sender.add(digit, 60)).toBe(true);
  expect(sender.add('x', 60)).toBe(false);
  const receiver = new TelephoneEventReceiver();
  const heard: string[] = [];
  let endCount = 0;
  for (let tick = 0; sender.isBusy; tick++) {
    for (const event of sender.step(tick * 160)) {
      if ((event.payload[1] ?? 0) & 0x80) endCount++;
      heard.push(...receiver.receive(1, event.timestamp, event.payload, tick * 20).map(({ digit }) => digit));
    }
  }
  expect(heard.join('')).toBe('1#A');
  expect(endCount).toBe(9);
});
