import { describe, expect, it } from 'vitest';
import { watchForFax } from '../../../src/adapters/freeswitch/fax-watch.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { settle } from '../../fakes/fake-telephony.ts';

/** A channel whose media server says this of its variable. */
class Channel {
  readonly asked: string[] = [];
  readonly gone = new Promise<void>(() => undefined);
  isGone = false;
  variable = '_undef_';
  readonly clock = new SimulatedClock();
  faxCount = 0;
  readonly stop = watchForFax(this.clock, this, () => this.faxCount++);

  ask(command: string, argument: string): Promise<string> {
    this.asked.push(`${command} ${argument}`);
    return Promise.resolve(command === 'uuid_getvar' ? this.variable : '+OK');
  }

  async passes(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      this.clock.advance(500);
      await settle();
    }
  }
}

describe("the media server's watch for a fax", () => {
  it('asks for 1.6 s of 2100 Hz and tells the fax once', async () => {
    const channel = new Channel();
    await settle();
    expect(channel.asked[0]).toBe('tone_detect turnkeeper-fax 2100 r +30 set turnkeeper_heard=fax 4');
    await channel.passes(2000);
    expect(channel.faxCount).toBe(0);
    channel.variable = 'fax\n';
    await channel.passes(3000);
    expect(channel.faxCount).toBe(1);
  });

  it('ends by itself, when it is stopped and when the call ends', async () => {
    const unheard = new Channel();
    await unheard.passes(60_000);
    expect(unheard.asked.length).toBeLessThan(60);
    const stopped = new Channel();
    stopped.stop();
    stopped.variable = 'fax';
    const ended = new Channel();
    ended.isGone = true;
    await Promise.all([stopped.passes(2000), ended.passes(2000)]);
    expect([stopped.faxCount, ended.asked.length]).toEqual([0, 1]);
  });
});
