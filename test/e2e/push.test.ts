import { afterAll, expect } from 'vitest';
import { PushProvider, type PushedMessage } from '../fakes/push-provider.ts';
import { type Lane, TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const provider = new PushProvider();
const scene = scenesOfOneProduct({
  sections: async () => {
    await provider.start();
    return `pushCredentials: ${JSON.stringify([provider.credentials])}\n`;
  },
});
afterAll(() => provider.stop());
provider.refusal = ({ token }) => {
  if (token.startsWith('gone')) return { status: 404, code: 'UNREGISTERED' };
  return token.startsWith('down') ? { status: 503, code: 'UNAVAILABLE' } : undefined;
};

interface Letter {
  readonly state: string;
  readonly event: string;
  readonly fault: string | null;
}

/** A callback over the Genesys-compatible API for a customer with this device. */
async function booked(lane: Lane, device: string): Promise<string> {
  const { id } = await lane.product.ges<{ id: string }>('/callbacks/create', {
    serviceName: lane.queue,
    phoneNumber: lane.number,
    userData: { plan: 'gold' },
    pushTargets: [{ channel: 'FCM', target: device }],
  });
  return id;
}

/** A group of one number, with codes. */
const openGroup = (lane: Lane, name: string): Promise<unknown> =>
  lane.product.api('PUT', `/call-in-groups/${encodeURIComponent(name)}`, {
    queue: lane.queue,
    numbers: [`+49309${lane.did}1`],
    expirySec: 120,
    generateAccessCode: true,
    accessCodeLength: 6,
  });

const pushed = (callbackId: string, event: string): Promise<PushedMessage> =>
  provider.pushed(
    ({ data }) => data['callbackId'] === callbackId && data['event'] === event,
    `${event} of ${callbackId}`,
  );
const answered = (lane: Lane, id: string, answer: string): Promise<unknown> =>
  lane.product.api('POST', `/callbacks/${id}/push/${answer}`);

scene(
  'S9: the app is asked, the customer accepts, is called and talks with the agent',
  async (lane) => {
    const [agent, customer] = [await lane.agent(), await lane.customer()];
    const id = await booked(lane, 'phone-s9');
    await lane.callbackIs(id, { state: 'QUEUED' });
    await lane.ready();
    const { token, data } = await pushed(id, 'CALLBACK_READY');
    expect(token).toBe('phone-s9');
    expect(data).toMatchObject({ serviceName: lane.queue, action: 'confirm' });
    expect(Date.parse(data['expiresAt'] ?? '')).toBeGreaterThan(Date.now());
    expect(await lane.callback(id)).toMatchObject({
      state: 'ROUTING',
      subState: 'pushed',
      attemptCount: 0,
    });
    expect(customer.invitesReceived).toHaveLength(0);

    await answered(lane, id, 'accept');
    await customer.answered();
    await agent.answered();
    await Promise.all([customer.toneHeard(TONE.agent), agent.toneHeard(TONE.customer)]);
    expect(await lane.callback(id)).toMatchObject({ state: 'PROCESSING', attemptCount: 1 });
    await customer.hangUp();
    await lane.callbackIs(id, { state: 'COMPLETED' });
  },
  { settings: { pushConfirm: true, requireConfirm: false, cpdEnabled: false } },
);

scene(
  'S9: the customer puts it off, then wants no call any more, and is never called',
  async (lane) => {
    await lane.agent();
    const customer = await lane.customer();
    const first = await booked(lane, 'phone-snooze');
    await lane.ready();
    await pushed(first, 'CALLBACK_READY');
    await answered(lane, first, 'snooze');
    expect(await lane.callback(first)).toMatchObject({ state: 'SCHEDULED', attemptCount: 0 });
    await answered(lane, first, 'cancel');
    await lane.callbackIs(first, { state: 'COMPLETED', reason: 'CANCELLED_BY_CUSTOMER' });
    expect(customer.invitesReceived).toHaveLength(0);
    await expect(answered(lane, first, 'accept')).rejects.toThrow(/NOT_ALLOWED_IN_STATE/);
  },
  { settings: { pushConfirm: true, requireConfirm: false, cpdEnabled: false } },
);

scene(
  'S9: a customer whose device is gone is called without being asked, and the message is a dead letter',
  async (lane) => {
    const [agent, customer] = [await lane.agent(), await lane.customer()];
    const id = await booked(lane, 'gone-phone');
    await lane.ready();
    await customer.answered();
    await agent.answered();
    const letters = await lane.product.api<{ items: Letter[] }>(
      'GET',
      `/notifications?callbackId=${id}&state=DEAD`,
    );
    expect(letters.items).toMatchObject([{ event: 'CALLBACK_READY', fault: 'UNREGISTERED' }]);
    await customer.hangUp();
    await lane.callbackIs(id, { state: 'COMPLETED' });
  },
  { settings: { pushConfirm: true, requireConfirm: false, cpdEnabled: false } },
);

scene(
  'S9: while the provider is down a question is tried again, then the customer is called without it',
  async (lane) => {
    const [agent, customer] = [await lane.agent(), await lane.customer()];
    const id = await booked(lane, 'down-phone');
    await lane.ready();
    await customer.answered();
    await agent.answered();
    const path = `/notifications?callbackId=${id}&state=DEAD`;
    const { items } = await lane.product.api<{ items: Letter[] }>('GET', path);
    expect(items).toMatchObject([{ event: 'CALLBACK_READY', fault: 'UNAVAILABLE', tryCount: 2 }]);
    await customer.hangUp();
    await lane.callbackIs(id, { state: 'COMPLETED' });
  },
  { settings: { pushConfirm: true, requireConfirm: false, cpdEnabled: false, maxNotifyAttempts: 2 } },
);

scene(
  'S4: the app of a customer who is engaged is told of the first failed call, and of the last one that it was the last',
  async (lane) => {
    const customer = await lane.customer({
      turns: [{ kind: 'refuse', status: 486, reason: 'Busy Here' }],
    });
    await lane.agent();
    const id = await booked(lane, 'phone-busy');
    await lane.ready();
    const failed = await pushed(id, 'CALLBACK_ATTEMPT_FAILED');
    expect(failed.data).toMatchObject({ attempt: '1', maxAttempts: '2', result: 'BUSY' });
    const last = await pushed(id, 'CALLBACK_FINAL_ATTEMPT_FAILED');
    expect(last.data).toMatchObject({ attempt: '2', result: 'BUSY' });
    const [, second] = customer.invitesReceived;
    expect(second!.atMs).toBeGreaterThanOrEqual(Date.parse(failed.data['nextAttemptAt'] ?? '') - 50);
    const told = provider.messages.filter(({ data }) => data['callbackId'] === id);
    expect(told.map(({ data }) => data['event'])).toEqual([
      'CALLBACK_ATTEMPT_FAILED',
      'CALLBACK_FINAL_ATTEMPT_FAILED',
    ]);
    await lane.callbackIs(id, { state: 'COMPLETED', reason: 'MAX_ATTEMPTS_REACHED' });
  },
);

scene(
  'S8: who calls with a code whose callback has ended meanwhile is told that it is over, and no agent rings',
  async (lane) => {
    const groupName = `app ${lane.queue}`;
    await openGroup(lane, groupName);
    const agent = await lane.agent();
    const id = await booked(lane, 'phone-over');
    await lane.ready();
    await pushed(id, 'CALLBACK_READY');
    const grant = { groupName, callbackServiceId: id };
    const { id: callIn } = await lane.product.ges<{ id: string }>('/call-in/requests/create', grant);
    const { data } = await pushed(id, 'CALLIN_INSTRUCTIONS');
    await lane.product.ges('/callbacks/cancel', { id });
    await expect(lane.product.ges('/call-in/requests/create', grant)).rejects.toThrow(/40004/);

    const caller = await lane.caller({
      dial: (data['toPhoneNumber'] ?? '').slice(1),
      sippKeys: [`${data['accessCode'] ?? ''}#`],
    });
    await caller.answered();
    await lane.hears(caller, 'ask-code');
    await caller.sendSippKeys();
    await lane.hears(caller, 'expired');
    await lane.callEnded(caller);
    expect(agent.invitesReceived).toHaveLength(0);
    const seen = await lane.product.api<{ state: string }>('GET', `/call-ins/${callIn}`);
    expect(seen.state).toBe('FAILED');
  },
  { settings: { callDirection: 'USERORIGINATED' } },
);

scene(
  'S8: at the front the app is told, asks for a number, the customer dials in with the code and is served',
  async (lane) => {
    const groupName = `app ${lane.queue}`;
    await openGroup(lane, groupName);
    const agent = await lane.agent();
    const customer = await lane.customer();
    const id = await booked(lane, 'phone-s8');
    await lane.ready();
    const ready = await pushed(id, 'CALLBACK_READY');
    expect(ready.data).toMatchObject({ action: 'call-in' });
    await expect(answered(lane, id, 'accept')).rejects.toThrow(/CALL_IN_NEEDED/);

    await lane.product.ges('/call-in/requests/create', { groupName, callbackServiceId: id });
    const { data } = await pushed(id, 'CALLIN_INSTRUCTIONS');
    expect(data['toPhoneNumber']).toBe(`+49309${lane.did}1`);
    expect(data['accessCode']).toMatch(/^[1-9][0-9]{5}$/);

    // Whoever came later waits behind, although this call begins last.
    await lane.product.setAgentState(lane.agentIds[0] ?? '', 'NOT_READY');
    const later = await lane.caller({ ani: '+493055555557' });
    await later.answered();
    await lane.hears(later, 'line');
    const caller = await lane.caller({
      dial: (data['toPhoneNumber'] ?? '').slice(1),
      sippKeys: [`${data['accessCode'] ?? ''}#`],
    });
    await caller.answered();
    await lane.hears(caller, 'ask-code');
    await caller.sendSippKeys();
    await lane.hears(caller, 'line', { count: 2 });
    await lane.ready();
    await agent.answered();
    await Promise.all([agent.toneHeard(TONE.customer), caller.toneHeard(TONE.agent)]);
    await lane.callbackIs(id, { state: 'COMPLETED', reason: 'SERVED_INBOUND' });
    expect(agent.invitesReceived[0]?.text).toMatch(/X-Turnkeeper-Case-Data: plan=gold/i);
    expect(customer.invitesReceived).toHaveLength(0);
    await caller.hangUp();
    await lane.callEnded(caller);
  },
  { settings: { callDirection: 'USERORIGINATED' } },
);

scene(
  'S10: an app made for GMS is told, does what the message names, and its customer dials in',
  async (lane) => {
    const gms = <T>(path: string, body: object = {}): Promise<T> =>
      lane.product.gms<T>('POST', `/service/${path}`, body);
    const groupName = `app ${lane.queue}`;
    await openGroup(lane, groupName);
    const agent = await lane.agent();
    const customer = await lane.customer();
    const { _id: id } = await gms<{ _id: string }>(`callback/${lane.queue}`, {
      _customer_number: lane.number,
      _device_notification_id: 'phone-s10',
      _device_os: 'gcm',
      plan: 'gold',
    });
    const place = await gms<{ _position: number }>(`${id}/check-queue-position`);
    expect(place._position).toBe(1);
    await lane.ready();
    const { data } = await pushed(id, 'CALLBACK_READY');
    expect(data).toMatchObject({ _id: id, _action: 'connect' });
    const wanted = { _resource_group: groupName };
    const dialog = await gms<{ _access_number: string; _access_code: string }>(
      `${data['_id'] ?? ''}/${data['_action'] ?? ''}`,
      wanted,
    );
    const { _access_number, _access_code } = dialog;
    const question = { _access_number, _access_code };
    expect(await gms('match-interaction', question)).toMatchObject({ _id: id });

    const caller = await lane.caller({ dial: _access_number.slice(1), sippKeys: [`${_access_code}#`] });
    await caller.answered();
    await lane.hears(caller, 'ask-code');
    await caller.sendSippKeys();
    await agent.answered();
    await Promise.all([agent.toneHeard(TONE.customer), caller.toneHeard(TONE.agent)]);
    await lane.callbackIs(id, { state: 'COMPLETED', reason: 'SERVED_INBOUND' });
    expect(agent.invitesReceived[0]?.text).toMatch(/X-Turnkeeper-Case-Data: plan=gold/i);
    expect(customer.invitesReceived).toHaveLength(0);
    const [record] = await lane.product.gms<object[]>('GET', `/service/callback?_id=${id}`);
    expect(record).toMatchObject({ _callback_state: 'COMPLETED', _callback_reason: 'AGENT_CONNECTED' });
    await expect(gms('request-access', { ...wanted, _id: id })).rejects.toThrow('NOT_POSSIBLE_NOW');
    await caller.hangUp();
    await lane.callEnded(caller);
  },
  { settings: { callDirection: 'USERORIGINATED' } },
);
