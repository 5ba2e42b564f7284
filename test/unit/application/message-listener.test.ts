import { expect, it } from 'vitest';
import { MessageListener } from '../../../src/application/message-listener.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { FakeLeg } from '../../fakes/fake-leg.ts';
import { settle } from '../../fakes/fake-telephony.ts';

/** 20 ms of sound, and of silence. */
const LOUD = new Int16Array(160).fill(8000);
const QUIET = new Int16Array(160);

/** A clock of a program that can be held: its timers come late then. */
class HeldClock extends SimulatedClock {
  #heldMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.#heldMs;
  }

  hold(forMs: number): void {
    this.#heldMs += forMs;
  }
}

it('a program that was held up does not take the time for silence, but what it hears afterwards', async () => {
  const clock = new HeldClock();
  const leg = new FakeLeg(clock);
  const listener = new MessageListener({ leg, clock, silenceMs: 2000 });
  let isSilent = false;
  void listener.silent.then(() => (isSilent = true));
  const hears = async (samples: Int16Array, forMs: number): Promise<void> => {
    for (let passedMs = 0; passedMs < forMs; passedMs += 20) {
      clock.advance(20);
      leg.controls.speak(samples);
    }
    await settle();
  };
  listener.begin();
  await hears(LOUD, 1000);
  clock.hold(6000);
  clock.advance(300);
  await settle();
  expect(isSilent).toBe(false);
  // What was said meanwhile comes all at once.
  for (let sent = 0; sent < 300; sent++) leg.controls.speak(LOUD);
  await hears(QUIET, 1900);
  expect(isSilent).toBe(false);
  await hears(QUIET, 400);
  expect(isSilent).toBe(true);
  expect(listener.close()?.spokenMs).toBe(7000);
});
