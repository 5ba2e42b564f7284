import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Leg } from '../../../src/telephony/leg.ts';
import { party, type Party, VOICES } from './parties.ts';
import { AGENTS, openStage, type Stage } from './telephony-stage.ts';

const CHECK_MS = 250;
const WITHOUT_OPTIONS = 'INVITE, ACK, BYE, CANCEL';
const missed = { bucket: 'upstream_error', reason: 'no-response' };

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ dialogCheckIntervalMs: CHECK_MS });
});
afterAll(() => stage.close());

/** Two who talk; what the second one says of OPTIONS is given. */
async function talk(allow?: string): Promise<[Party, Party]> {
  const stays = await party(stage, 0);
  const goes = await party(stage, 1, allow);
  await stage.telephony.bridge(stays.leg, goes.leg);
  await stays.call.rtp.hears(goes.voice);
  return [stays, goes];
}

/** The other one goes on. */
async function onlyThisIsLeft({ leg }: Party): Promise<void> {
  expect(leg.termination).toBeUndefined();
  await leg.hangUp();
}

/** Resolves when this one, who is asked regularly, has been asked so many times more. */
async function asked({ call }: Party, times: number): Promise<void> {
  const before = call.requests.length;
  await vi.waitFor(() => expect(call.requests.length).toBeGreaterThanOrEqual(before + times), 5000);
}

describe.concurrent('a phone that allows OPTIONS', () => {
  it('is missed when it knows nothing of its call any more', async () => {
    const [stays, goes] = await talk();
    await vi.waitFor(() => expect(goes.call.requests).toContain('OPTIONS'));
    goes.call.isForgotten = true;
    expect(await goes.leg.ended).toMatchObject(missed);
    await onlyThisIsLeft(stays);
  });

  it('is missed when it has lost its power', async () => {
    const [stays, goes] = await talk();
    await vi.waitFor(() => expect(goes.call.requests).toContain('OPTIONS'));
    goes.phone.close();
    expect(await goes.leg.ended).toMatchObject(missed);
    await onlyThisIsLeft(stays);
  });
});

describe.concurrent('a phone that does not speak of OPTIONS', () => {
  it('is asked nothing as long as it talks, and is missed when it has lost its power', async () => {
    const [stays, goes] = await talk(WITHOUT_OPTIONS);
    // The one who stays is asked meanwhile, so that time has passed.
    await asked(stays, 3);
    expect(goes.call.requests).not.toContain('OPTIONS');
    goes.phone.close();
    expect(await goes.leg.ended).toMatchObject(missed);
    await onlyThisIsLeft(stays);
  });

  it.each([
    ['has never sent a packet', 'nothing'],
    ['sends comfort noise while its user is silent', 'noise'],
  ] as const)('is asked nothing when it %s', async (_what, sends) => {
    const stays = await party(stage, 0);
    const quiet = await party(stage, 1, WITHOUT_OPTIONS, sends);
    await stage.telephony.bridge(stays.leg, quiet.leg);
    await asked(stays, 5);
    expect(quiet.call.requests).not.toContain('OPTIONS');
    await quiet.leg.hangUp();
    await onlyThisIsLeft(stays);
  });

  it('may stop sending as long as it answers', async () => {
    const [stays, goes] = await talk(WITHOUT_OPTIONS);
    goes.call.rtp.sends = 'nothing';
    await vi.waitFor(() => expect(goes.call.requests).toContain('OPTIONS'), 5000);
    await asked(stays, 3);
    expect(goes.leg.termination).toBeUndefined();
    // Asked again, less often.
    expect(goes.call.requests.filter((method) => method === 'OPTIONS')).toHaveLength(1);
    await goes.leg.hangUp();
    await onlyThisIsLeft(stays);
  });

  it('is told from the one that it talks with in a mix, too', async () => {
    const [stays, goes] = [await party(stage, 0), await party(stage, 1, WITHOUT_OPTIONS)];
    const mix = await stage.telephony.createMix();
    for (const { leg } of [stays, goes]) await mix.join(leg);
    await stays.call.rtp.hearsOnly([goes.voice], VOICES);
    goes.phone.close();
    expect(await goes.leg.ended).toMatchObject(missed);
    await onlyThisIsLeft(stays);
  });
});

describe.concurrent("an agent's phone that has vanished from a call", () => {
  it('is not rung again before it registers', async () => {
    const phone = await stage.phone();
    const password = AGENTS.get('alice') ?? '';
    const heard: boolean[] = [];
    stage.telephony.onAgentReachability((_id, reachable) => heard.push(reachable));
    await phone.register({ user: 'alice', password });
    const leg = await callAlice();
    const call = await phone.incoming();
    await vi.waitFor(() => expect(call.requests).toContain('OPTIONS'));
    phone.close();
    expect(await leg.ended).toMatchObject(missed);
    await vi.waitFor(() => expect(heard).toEqual([true, false]));
    const again = await stage.phone();
    await again.register({ user: 'alice', password });
    expect(stage.telephony.isAgentReachable('agent-alice')).toBe(true);
    await (await callAlice()).hangUp();
  });
});

it('nothing is left of any of these calls', () => {
  expect(stage.telephony.admissionStats()).toMatchObject({ callCount: 0 });
});

let callCount = 0;
async function callAlice(): Promise<Leg> {
  const { outcome } = stage.telephony.originate({
    callId: `call_alice${callCount++}`,
    target: { kind: 'agent', agentId: 'agent-alice' },
    callerId: { number: '5000' },
    ringTimeoutMs: 5000,
  });
  const end = await outcome;
  if (end.kind !== 'answered') throw new Error(end.termination.reason);
  return end.leg;
}
