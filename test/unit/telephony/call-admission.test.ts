import { beforeEach, describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { CallAdmission } from '../../../src/telephony/call-admission.ts';
import type { Admission, AdmissionLimits } from '../../../src/telephony/call-admission.ts';

const LIMITS: AdmissionLimits = {
  callsMax: 10,
  outboundReserve: 3,
  dialoguesPerSecMax: 5,
  dialogueBurstMax: 2,
  outboundAttemptsMax: 2,
  lagMaxMs: 100,
};
let clock: SimulatedClock;
let lagMs: number;
let admission: CallAdmission;
beforeEach(() => {
  clock = new SimulatedClock();
  lagMs = 0;
  admission = new CallAdmission(LIMITS, clock, () => lagMs);
});

const reasonOf = (result: Admission): string => (result.kind === 'refused' ? result.reason : 'admitted');
const inbound = (): string => reasonOf(admission.admitInbound());

describe('call admission', () => {
  it('lets a burst in, then as many as the rate gives', () => {
    expect([inbound(), inbound(), inbound()]).toEqual(['admitted', 'admitted', 'rate']);
    clock.advance(199);
    expect(inbound()).toBe('rate');
    clock.advance(1);
    expect([inbound(), inbound()]).toEqual(['admitted', 'rate']);
    clock.advance(60_000);
    expect([inbound(), inbound(), inbound()]).toEqual(['admitted', 'admitted', 'rate']);
  });

  it('keeps room for outbound calls, which may use all of it', () => {
    for (let i = 0; i < 7; i++) {
      clock.advance(1000);
      expect(inbound()).toBe('admitted');
    }
    clock.advance(1000);
    expect(inbound()).toBe('calls');
    for (let i = 0; i < 3; i++) {
      const call = admission.admitOutbound();
      expect(reasonOf(call)).toBe('admitted');
      if (call.kind === 'admitted') call.answered();
    }
    expect(reasonOf(admission.admitOutbound())).toBe('calls');
  });

  it('bounds outbound calls that are not answered yet', () => {
    const first = admission.admitOutbound();
    admission.admitOutbound();
    expect(reasonOf(admission.admitOutbound())).toBe('outbound-attempts');
    if (first.kind === 'admitted') first.answered();
    expect(reasonOf(admission.admitOutbound())).toBe('admitted');
  });

  it('gives a place back once, however often it is released', () => {
    const call = admission.admitOutbound();
    if (call.kind !== 'admitted') throw new Error('refused');
    call.release();
    call.release();
    call.answered();
    expect(admission.stats).toMatchObject({ callCount: 0, outboundAttemptCount: 0, admittedCount: 1 });
  });

  it('refuses inbound calls while the event loop lags, until it has clearly recovered', () => {
    lagMs = 101;
    expect(inbound()).toBe('lag');
    lagMs = 60;
    expect(inbound()).toBe('lag');
    expect(reasonOf(admission.admitOutbound())).toBe('admitted');
    lagMs = 49;
    expect(inbound()).toBe('admitted');
    lagMs = 100;
    expect(inbound()).toBe('admitted');
  });

  it('says when to come back, counts refusals, and admits nothing when closing', () => {
    admission.close();
    expect(admission.admitInbound()).toEqual({ kind: 'refused', reason: 'closing', retryAfterSec: 10 });
    expect(reasonOf(admission.admitOutbound())).toBe('closing');
    expect(admission.stats.refusedCount.closing).toBe(2);
  });

  it('takes new limits without touching calls in progress', () => {
    admission.admitOutbound();
    admission.setLimits({ ...LIMITS, callsMax: 1 });
    expect(reasonOf(admission.admitOutbound())).toBe('calls');
    expect(admission.stats.callCount).toBe(1);
  });
});
