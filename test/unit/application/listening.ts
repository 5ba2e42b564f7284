import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { PlacedCall, settle } from '../../fakes/fake-telephony.ts';
import { joined, signal, speech } from '../progress/signal.ts';

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;

export const quiet = (ms: number): Int16Array => signal([{ ms }]);
export const beep = signal([{ ms: 400, hz: [1000] }]);

/** What called parties sound like. Who hears it has a verdict while it lasts. */
export const sounds = {
  person: joined(speech(700), quiet(1200)),
  /** Recognised by its beep before the question is due. */
  shortMachine: joined(speech(1500), quiet(100), beep, quiet(400)),
  /** Recognised by talking on, while the question is asked already. */
  longMachine: speech(9000),
  fax: joined(quiet(300), signal([{ ms: 2500, hz: [2100] }])),
  vacant: signal([
    { ms: 380, hz: [985.2] },
    { ms: 274, hz: [1370.6] },
    { ms: 380, hz: [1776.7] },
    { ms: 400 },
  ]),
  /** Busy in Spain, reorder in Italy. */
  quick: signal(Array.from({ length: 12 }, () => [{ ms: 200, hz: [425] }, { ms: 200 }]).flat()),
  busy: signal(Array.from({ length: 5 }, () => [{ ms: 500, hz: [480, 620] }, { ms: 500 }]).flat()),
} as const;

/** A call that the media server lets us listen to, in virtual time. */
export class HeardCall {
  readonly clock = new SimulatedClock();
  readonly call = new PlacedCall(
    {
      callId: 'call_heard',
      target: { kind: 'trunk', number: '+15551230000' },
      callerId: { number: '5000' },
      ringTimeoutMs: 30_000,
    },
    true,
  );

  /** The far end sends this, and time passes meanwhile. */
  async sends(samples: Int16Array): Promise<void> {
    for (let at = 0; at < samples.length; at += FRAME_SAMPLES) {
      this.clock.advance(FRAME_MS);
      this.call.listener?.(samples.slice(at, at + FRAME_SAMPLES));
    }
    await settle();
  }

  /** Time passes and no packet comes. */
  async passes(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settle();
  }
}
