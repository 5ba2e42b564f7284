import { beforeEach, describe, expect, it } from 'vitest';
import { CommandLedger } from '../../../src/adapters/http/command-ledger.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';

const DAY_MS = 86_400_000;

let clock: SimulatedClock;
let ledger: CommandLedger;
let count: number;

beforeEach(() => {
  clock = new SimulatedClock();
  ledger = new CommandLedger(clock);
  count = 0;
});

const counted = async (): Promise<number> => ++count;
const run = (key: string | undefined, caller = 'user:ada', meaning = 'hold') =>
  ledger.run(caller, key, meaning, counted);

describe('the ledger of commands', () => {
  it('carries a command out once for each key of a caller', async () => {
    expect(await run('a')).toEqual({ value: 1, repeated: false });
    expect(await run('a')).toEqual({ value: 1, repeated: true });
    expect(await run('b')).toEqual({ value: 2, repeated: false });
    expect(await run('a', 'user:bob')).toEqual({ value: 3, repeated: false });
  });

  it('remembers nothing without a key', async () => {
    await run(undefined);
    expect(await run(undefined)).toEqual({ value: 2, repeated: false });
  });

  it('refuses another command under the same key', async () => {
    await run('a');
    await expect(run('a', 'user:ada', 'end')).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(count).toBe(1);
  });

  it('forgets after a day', async () => {
    await run('a');
    clock.advance(DAY_MS);
    expect(await run('a', 'user:ada', 'end')).toEqual({ value: 2, repeated: false });
  });

  it('forgets what failed, and tells everybody who waited for it', async () => {
    let fail = (): void => undefined;
    const failing = new Promise<never>((_resolve, reject) => (fail = () => reject(new Error('refused'))));
    const both = [1, 2].map(() => ledger.run('user:ada', 'a', 'hold', () => failing));
    fail();
    await Promise.all(both.map((one) => expect(one).rejects.toThrow('refused')));
    expect(await run('a')).toEqual({ value: 1, repeated: false });
  });

  it('forgets a caller’s oldest beyond the limit, and nobody else’s', async () => {
    await run('first', 'user:bob');
    for (let at = 0; at <= 1000; at++) await run(`key ${at}`);
    expect((await run('key 0')).repeated).toBe(false);
    expect((await run('key 2')).repeated).toBe(true);
    expect((await run('first', 'user:bob')).repeated).toBe(true);
  });

  it('forgets the oldest of all when there are too many callers', async () => {
    for (let caller = 0; caller < 51; caller++) {
      for (let at = 0; at < 1000; at++) await run(`key ${at}`, `user:${caller}`);
    }
    expect((await run('key 0', 'user:0')).repeated).toBe(false);
    expect((await run('key 999', 'user:50')).repeated).toBe(true);
  });
});
