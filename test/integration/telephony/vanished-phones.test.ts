import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { party } from './parties.ts';
import { openStage, type Stage } from './telephony-stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ dialogCheckIntervalMs: 100 });
});
afterAll(() => stage.close());

describe('a phone that knows nothing of its call any more', () => {
  it('is noticed without a BYE; whoever it talked with goes on, and no call is left behind', async () => {
    const [stays, goes] = [await party(stage, 0), await party(stage, 1)];
    await stage.telephony.bridge(stays.leg, goes.leg);
    await stays.call.rtp.hears(goes.voice);
    await vi.waitFor(() => expect(goes.call.requests).toContain('OPTIONS'));
    goes.call.isForgotten = true;
    expect(await goes.leg.ended).toMatchObject({ bucket: 'upstream_error', reason: 'no-response' });
    expect(stays.leg.termination).toBeUndefined();
    await stays.leg.hangUp();
    expect(stage.telephony.admissionStats()).toMatchObject({ callCount: 0 });
  });
});
