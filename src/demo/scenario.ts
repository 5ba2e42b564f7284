import type { PhoneCredentials } from '../provisioning/provisioning.ts';
import type { DemoLog, LogLine } from './demo-log.ts';
import type { PhoneCall } from './soft-phone/phone-call.ts';
import { header } from './soft-phone/sip-text.ts';
import type { SoftPhone } from './soft-phone/soft-phone.ts';
import type { Timeline } from './timeline.ts';

/** The customer's number; 555-01xx numbers are nobody's. */
const CUSTOMER_NUMBER = '+12025550123';
const DID = '5000';
const CUSTOMER_TONE_HZ = 700;
const AGENT_TONE_HZ = 1100;

export interface ScenarioParts {
  readonly timeline: Timeline;
  readonly log: DemoLog;
  readonly caller: SoftPhone;
  readonly agent: SoftPhone;
  readonly customer: SoftPhone;
  readonly phone: PhoneCredentials | undefined;
}

/** Scenario S1 from the first ring to COMPLETED. Rejects at the first step that does not happen. */
export async function playScenario(parts: ScenarioParts): Promise<void> {
  const { agent, phone, timeline } = parts;
  if (!phone) throw new Error('the demo has no agent');
  const registered = await agent.register({ user: phone.sipUser, password: phone.password });
  expectStatus('REGISTER', registered.status);
  timeline.note('agent', `phone ${phone.sipUser} registered with digest authentication; not ready yet`);
  await bookCallback(parts);
  await getReady(parts);
  await calledBack(parts);
}

async function bookCallback({ caller, log, timeline }: ScenarioParts): Promise<void> {
  const call = await caller.call(DID, { from: `sip:${CUSTOMER_NUMBER}@127.0.0.1` });
  expectStatus('INVITE', (await call.final).status);
  timeline.note('caller', `dialled ${DID} and hears the greeting`);
  await call.rtp.hearsSound();
  await log.until('a place in line', says('place taken'));
  timeline.note('caller', 'has a place in line and hears music');
  await log.until('the offer', (line) => says('callback offer')(line) && line.fields['offer'] === 'made');
  await call.rtp.hearsSound();
  timeline.note('caller', 'offer heard: "press 1 to keep your place and be called back"');
  await call.rtp.digit('1');
  await log.until('the number read back', inState('confirm-presented'));
  timeline.note('caller', '1 pressed; the number is read back');
  await call.rtp.digit('1');
  const created = await log.until('the callback', says('callback created'));
  timeline.note(
    'Turnkeeper',
    `position kept: ${String(created.fields['callbackId'])} takes the caller's place in line`,
  );
  await call.bye();
  timeline.note('caller', 'hung up');
}

async function getReady({ agent, log, timeline }: ScenarioParts): Promise<void> {
  const code = await agent.call('*81', { from: 'sip:1001@127.0.0.1' });
  expectStatus('*81', (await code.final).status);
  const readyAtMs = await timed(log, 'agent ready', (line) => line.fields['event'] === 'READY');
  timeline.note('agent', 'dialled *81: ready');
  const invitedAtMs = await timed(log, 'the dial', says('dialling'));
  timeline.note(
    'Turnkeeper',
    `first in line is dialled at once (decided after ${invitedAtMs - readyAtMs} ms)`,
  );
  await code.ended;
}

async function calledBack({ agent, customer, log, timeline }: ScenarioParts): Promise<void> {
  const call = await within('INVITE to the customer', customer.incoming());
  timeline.note(
    'customer',
    `INVITE: the phone rings, from ${header(call.invite ?? never(), 'from').replace(/;tag.*/, '')}`,
  );
  await call.rtp.hearsSound();
  timeline.note('customer', 'answered; hears "this is the callback you asked for, press 1 to be connected"');
  await log.until('the question', inState('confirm'));
  await call.rtp.digit('1');
  await log.until('the confirmation', event('CONFIRMED'));
  timeline.note('customer', '1 pressed: confirmed');
  const agentCall = await within('INVITE to the agent', agent.incoming());
  timeline.note(
    'agent',
    `rung, with ${header(agentCall.invite ?? never(), 'x-turnkeeper-callback')} in the INVITE`,
  );
  await log.until('the bridge', event('CONNECTED'));
  timeline.note('agent', 'answered; both are connected');
  await hearEachOther(call, agentCall, timeline);
  await call.bye();
  timeline.note('customer', 'hung up');
  await within('BYE to the agent', agentCall.ended);
  timeline.note('agent', 'call ended by BYE; after-call work begins');
  const code = await agent.call('*84', { from: 'sip:1001@127.0.0.1' });
  await log.until('the end of wrap-up', event('WRAP_UP_DONE'));
  timeline.note('agent', 'dialled *84: wrap-up done');
  const done = await log.until('COMPLETED', (line) => line.fields['state'] === 'COMPLETED');
  timeline.note('Turnkeeper', `callback COMPLETED, reason ${String(done.fields['reason'])}`);
  await code.ended;
}

/** A bridge is proven by identity: each side sends its own tone and must hear the other's. */
async function hearEachOther(customer: PhoneCall, agent: PhoneCall, timeline: Timeline): Promise<void> {
  customer.rtp.tone(CUSTOMER_TONE_HZ);
  agent.rtp.tone(AGENT_TONE_HZ);
  await customer.rtp.hears(AGENT_TONE_HZ);
  timeline.note('customer', `hears the agent's tone (${AGENT_TONE_HZ} Hz)`);
  await agent.rtp.hears(CUSTOMER_TONE_HZ);
  timeline.note('agent', `hears the customer's tone (${CUSTOMER_TONE_HZ} Hz): each side heard the other`);
}

const says = (message: string) => (line: LogLine) => line.message === message;
const event = (name: string) => (line: LogLine) =>
  line.message === 'callback event' && line.fields['event'] === name;
const inState = (state: string) => (line: LogLine) =>
  line.message === 'flow state entered' && line.fields['state'] === state;

async function timed(log: DemoLog, what: string, fits: (line: LogLine) => boolean): Promise<number> {
  return (await log.until(what, fits)).atMs;
}

/** Rejects when it takes longer than a call may. */
async function within<T>(what: string, happens: Promise<T>, timeoutMs = 15_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not seen in time: ${what}`)), timeoutMs);
  });
  try {
    return await Promise.race([happens, late]);
  } finally {
    clearTimeout(timer);
  }
}

function expectStatus(what: string, status: number | undefined): void {
  if (status !== 200) throw new Error(`${what} was answered with ${status ?? 'nothing'} instead of 200`);
}

function never(): never {
  throw new Error('an incoming call has its INVITE');
}
