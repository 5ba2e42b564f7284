import { expect, vi } from 'vitest';
import { type Lane, TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();

interface Grant {
  readonly id: string;
  readonly toPhoneNumber: string;
  readonly accessCode?: string;
}

interface CallInView {
  readonly state: string;
  readonly matchedBy: readonly string[];
  readonly hasAccessCode: boolean;
}

/** A group of the lane's own, with numbers that nobody else has. */
async function openGroup(lane: Lane, settings: Readonly<Record<string, unknown>>): Promise<string> {
  const name = `app ${lane.queue}`;
  const numbers = [1, 2].map((n) => `+49309${lane.did}${n}`);
  await lane.product.api('PUT', `/call-in-groups/${encodeURIComponent(name)}`, {
    queue: lane.queue,
    numbers,
    expirySec: 120,
    ...settings,
  });
  return name;
}

const requested = (lane: Lane, groupName: string, more: object = {}): Promise<Grant> =>
  lane.product.ges<Grant>('/call-in/requests/create', {
    groupName,
    userData: { plan: 'gold' },
    ...more,
  });
const seen = (lane: Lane, { id }: Grant): Promise<CallInView> =>
  lane.product.api<CallInView>('GET', `/call-ins/${id}`);
const wrongOf = (code: string): string => `${code.slice(0, -1)}${(Number(code.at(-1)) + 1) % 10}`;

scene(
  'S7: an app gets a number and a code; the caller keys it wrong once, then right, and is served',
  async (lane) => {
    const group = await openGroup(lane, { generateAccessCode: true, accessCodeLength: 6 });
    const grant = await requested(lane, group);
    const code = grant.accessCode ?? '';
    expect(code).toMatch(/^[1-9][0-9]{5}$/);
    expect(await seen(lane, grant)).toMatchObject({ state: 'WAITING', hasAccessCode: true });
    const agent = await lane.agent();
    await lane.ready();

    const caller = await lane.caller({
      dial: grant.toPhoneNumber.slice(1),
      sippKeys: [`${wrongOf(code)}#`, `${code}#`],
    });
    await caller.answered();
    await lane.hears(caller, 'ask-code');
    await caller.sendSippKeys();
    await lane.hears(caller, 'ask-code', { count: 2 });
    await caller.sendSippKeys();
    await agent.answered();
    await Promise.all([agent.toneHeard(TONE.customer), caller.toneHeard(TONE.agent)]);
    expect(await seen(lane, grant)).toMatchObject({ state: 'MATCHED', matchedBy: ['code', 'dialled'] });
    expect(agent.invitesReceived[0]?.text).toMatch(/X-Turnkeeper-Case-Data: plan=gold/i);

    await caller.hangUp();
    await lane.callEnded(caller);
    await vi.waitFor(async () => expect((await seen(lane, grant)).state).toBe('COMPLETED'));
  },
);

interface DialNumber {
  readonly _id: string;
  readonly _action: string;
  readonly _access_number: string;
  readonly _access_code: string;
  readonly _expiration_time: string;
}

scene(
  'S10: request-interaction gives a number and a code, match-interaction knows both, and their caller is served',
  async (lane) => {
    const { product } = lane;
    const group = await openGroup(lane, { generateAccessCode: true, accessCodeLength: 5 });
    const dialog = await product.gms<DialNumber>('POST', '/service/request-interaction', {
      _phone_number: lane.number,
      _resource_group: group,
      _provide_code: true,
      plan: 'gold',
    });
    expect(dialog).toMatchObject({
      _action: 'DialNumber',
      _access_code: expect.stringMatching(/^[1-9][0-9]{4}$/),
    });
    const { _id, _access_number, _access_code, _expiration_time } = dialog;
    const matched = { _id, _access_number, _expiration_time, plan: 'gold' };
    const match = (code: string): Promise<unknown> =>
      product.gms('POST', '/service/match-interaction', { _access_number, _access_code: code });
    expect(await match(_access_code)).toEqual(matched);
    await expect(match(wrongOf(_access_code))).rejects.toThrow(': 404 ');

    const agent = await lane.agent();
    const caller = await lane.caller({ dial: _access_number.slice(1), sippKeys: [`${_access_code}#`] });
    await caller.answered();
    await lane.hears(caller, 'ask-code');
    await caller.sendSippKeys();
    await lane.hears(caller, 'matched');
    // Taken: neither another call nor another question finds it any more.
    await expect(match(_access_code)).rejects.toThrow(': 404 ');
    await lane.ready();
    await agent.answered();
    await Promise.all([agent.toneHeard(TONE.customer), caller.toneHeard(TONE.agent)]);
    expect(agent.invitesReceived[0]?.text).toMatch(/X-Turnkeeper-Case-Data: plan=gold/i);
    await caller.hangUp();
    await lane.callEnded(caller);
  },
);

scene('nine wrong codes from one number lock it out, even with the right one', async (lane) => {
  const group = await openGroup(lane, { generateAccessCode: true, accessCodeLength: 6 });
  const grant = await requested(lane, group);
  const code = grant.accessCode ?? '';
  const dial = grant.toPhoneNumber.slice(1);
  const wrong = `${wrongOf(code)}#`;
  const guess = async (): Promise<void> => {
    const guesser = await lane.caller({ dial, sippKeys: [wrong, wrong, wrong] });
    await guesser.answered();
    for (const count of [1, 2, 3]) {
      await lane.hears(guesser, 'ask-code', { count });
      await guesser.sendSippKeys();
    }
    await lane.hears(guesser, 'wrong-code', { count: 3 });
  };
  await Promise.all([guess(), guess(), guess()]);
  const locked = await lane.caller({ dial, sippKeys: [`${code}#`] });
  await locked.answered();
  await lane.hears(locked, 'ask-code');
  await locked.sendSippKeys();
  await lane.hears(locked, 'not-found');
  expect(await seen(lane, grant)).toMatchObject({ state: 'WAITING' });
});

scene('S7: three wrong codes end the call, and the right one is taken on the next', async (lane) => {
  const group = await openGroup(lane, { generateAccessCode: true, accessCodeLength: 4 });
  const grant = await requested(lane, group);
  const code = grant.accessCode ?? '';
  const wrong = `${wrongOf(code)}#`;
  const dial = grant.toPhoneNumber.slice(1);
  const guesser = await lane.caller({ dial, sippKeys: [wrong, wrong, wrong] });
  await guesser.answered();
  for (const count of [1, 2, 3]) {
    await lane.hears(guesser, 'ask-code', { count });
    await guesser.sendSippKeys();
  }
  await lane.hears(guesser, 'not-found');
  await lane.callEnded(guesser);
  expect(await seen(lane, grant)).toMatchObject({ state: 'WAITING' });

  const caller = await lane.caller({ dial, sippKeys: [`${code}#`] });
  await caller.answered();
  await lane.hears(caller, 'ask-code');
  await caller.sendSippKeys();
  await lane.hears(caller, 'matched');
  expect(await seen(lane, grant)).toMatchObject({ state: 'MATCHED' });
});

scene('S7 without codes: the caller is known by both numbers, a stranger is not let in', async (lane) => {
  const group = await openGroup(lane, { generateAccessCode: false });
  const grant = await requested(lane, group, { fromPhoneNumber: lane.number });
  expect(grant.accessCode).toBeUndefined();
  const dial = grant.toPhoneNumber.slice(1);
  const stranger = await lane.caller({ dial, ani: '+493055555555' });
  await stranger.answered();
  await lane.hears(stranger, 'not-found');
  await lane.callEnded(stranger);

  const caller = await lane.caller({ dial });
  await caller.answered();
  await lane.hears(caller, 'matched');
  expect(await seen(lane, grant)).toMatchObject({ state: 'MATCHED', matchedBy: ['ani', 'dialled'] });
  await caller.hangUp();
  await lane.callEnded(caller);
});

scene(
  'numbers of a group are used up while they are unique, and a request that expires frees its own',
  async (lane) => {
    const group = await openGroup(lane, { uniqueNumber: true, expirySec: 10 });
    const first = await requested(lane, group);
    const second = await requested(lane, group);
    expect(new Set([first.toPhoneNumber, second.toPhoneNumber]).size).toBe(2);
    await expect(requested(lane, group)).rejects.toThrow(/every number of the group is in use/);
    const isExpired = async (): Promise<void> => expect((await seen(lane, first)).state).toBe('EXPIRED');
    await vi.waitFor(isExpired, { timeout: 20_000, interval: 500 });
    const late = await lane.caller({ dial: first.toPhoneNumber.slice(1) });
    await late.answered();
    await lane.hears(late, 'expired');
    await lane.callEnded(late);
    expect((await requested(lane, group)).toPhoneNumber).toMatch(/^\+49309/);
  },
);
