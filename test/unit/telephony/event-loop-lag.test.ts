import { beforeEach, describe, expect, it } from 'vitest';
import { EventLoopLag } from '../../../src/adapters/drachtio/event-loop-lag.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';

/** Delays that a test writes down itself, milliseconds between two samples of a 10 ms interval. */
class WrittenDelays {
  delaysMs: number[] = [];
  enabled = false;

  enable(): boolean {
    this.enabled = true;
    return true;
  }

  disable(): boolean {
    this.enabled = false;
    return true;
  }

  reset(): void {
    this.delaysMs = [];
  }

  get mean(): number {
    return (this.delaysMs.reduce((sum, each) => sum + each, 0) / this.delaysMs.length) * 1e6;
  }
}

let clock: SimulatedClock;
let delays: WrittenDelays;
let lag: EventLoopLag;
beforeEach(() => {
  clock = new SimulatedClock();
  delays = new WrittenDelays();
  lag = new EventLoopLag(clock, delays);
});

/** One window in which the loop turned with these delays. */
function windowOf(...delaysMs: number[]): number {
  delays.delaysMs.push(...delaysMs);
  clock.advance(500);
  return lag.lagMs;
}

describe('event-loop lag', () => {
  it('is 0 until it is started, whatever the start took', () => {
    expect(windowOf(4000)).toBe(0);
    lag.start();
    expect(delays.enabled).toBe(true);
    expect([windowOf(10), windowOf(10)]).toEqual([0, 0]);
  });

  it('is not a single long task, wherever in a window it falls', () => {
    lag.start();
    expect([windowOf(10, 10), windowOf(3000), windowOf(10, 10), windowOf(10)]).toEqual([0, 0, 0, 0]);
  });

  it('is what two windows in a row have, without the sampling interval, and over with the first that is calm', () => {
    lag.start();
    expect([windowOf(210, 210), windowOf(310), windowOf(260), windowOf(10)]).toEqual([0, 200, 250, 0]);
  });

  it('is 0 for a window in which nothing was sampled', () => {
    lag.start();
    windowOf(500);
    expect(windowOf()).toBe(0);
  });

  it('measures once, however often it is started, and no more after its end', () => {
    lag.start();
    lag.start();
    windowOf(210);
    expect(windowOf(210)).toBe(200);
    lag.close();
    expect(delays.enabled).toBe(false);
    expect(windowOf(10, 10)).toBe(200);
  });
});
