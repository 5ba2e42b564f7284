import { expect } from 'vitest';
import type { LogLine } from './harness/product.ts';
import type { CalleeTurn } from './harness/sipp-scenario.ts';
import type { SippPhone } from './harness/sipp-phone.ts';
import { findClip, joined, onsetOf, silence, spoken, tones } from './harness/sound.ts';
import { SAMPLE_RATE } from './harness/tone.ts';
import { type Lane, TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();

const quiet = { toneHz: 0 } as const;
const hello = spoken('en/today');
const business = joined(spoken('en/greeting'), silence(150), spoken('en/noon'));
const talkative = joined(spoken('en/please-hold'), silence(150), spoken('en/closed'));
const beep = tones([1000], 400);
const voicemail = joined(talkative, silence(700), beep);
/** GR-674: vacant code is 985.2, 1370.6 and 1776.7 Hz. Early media begin with a moment of silence. */
const vacant = joined(silence(400), tones([985.2], 380), tones([1370.6], 274), tones([1776.7], 380));
// As long as anybody may need to begin to listen: a busy machine is nobody's fault.
const busyTone = joined(...Array.from({ length: 25 }, () => joined(tones([480, 620], 500), silence(500))));
const faxAnswer = joined(silence(500), tones([2100], 3000));

const LIKE_MIN = 0.8;
/** That it is soon; how soon is measured (`TURNKEEPER_E2E_FIGURES`), for a busy machine is nobody's fault. */
const MESSAGE_AFTER_BEEP_MAX_MS = 3000;

interface Scene {
  readonly id: string;
  readonly customer: SippPhone;
  readonly agent: SippPhone;
}

/** A callback, an agent who is ready, and a customer who sends no tone of their own. */
async function dialled(lane: Lane, turn: CalleeTurn = { kind: 'answer' }): Promise<Scene> {
  const customer = await lane.customer({ turns: [turn], ...quiet });
  const agent = await lane.agent();
  const id = await lane.create();
  await lane.ready();
  return { id, customer, agent };
}

/** The same, answered by somebody who says this; resolves when it has been said, with the moment. */
async function answeredBy(lane: Lane, says: Int16Array): Promise<Scene & { saidAtMs: number }> {
  const parts = await dialled(lane);
  await parts.customer.answered();
  return { ...parts, saidAtMs: await parts.customer.media.playOnce(says) };
}

/** Early media: 183 with SDP, this sound, then what the turn says. */
async function announcedBy(lane: Lane, turn: CalleeTurn, sounds: Int16Array): Promise<Scene> {
  const parts = await dialled(lane, { ...turn, earlyMedia: true });
  await parts.customer.waitFor({ direction: 'sent', method: 'INVITE', status: 183 });
  void parts.customer.media.playOnce(sounds);
  return parts;
}

/** Presses 1 and talks with the agent. */
async function isConnected({ customer, agent }: Scene): Promise<void> {
  customer.press('1');
  await agent.answered();
  customer.media.play(TONE.customer);
  await Promise.all([agent.toneHeard(TONE.customer), customer.toneHeard(TONE.agent)]);
  await customer.hangUp();
}

const hungUp = (phone: SippPhone) =>
  phone.waitFor({ direction: 'received', method: 'BYE', request: true }, { withinMs: 40_000 });

function report(what: string, ms: number): void {
  if (process.env['TURNKEEPER_E2E_FIGURES'] !== undefined) console.log(`${what}: ${Math.round(ms)} ms`);
}

for (const [who, greeting] of [
  ['says hello', hello],
  ['answers as a business does', business],
] as const) {
  scene(`a person who ${who} is asked right after the greeting and connected`, async (lane) => {
    const parts = await answeredBy(lane, greeting);
    const askedAtMs = await parts.customer.media.soundBegan(10_000, parts.saidAtMs - 200);
    report(`${who}: question after the greeting`, askedAtMs - parts.saidAtMs);
    expect(askedAtMs - parts.saidAtMs).toBeGreaterThan(0);
    // Decided within 0.8 s; the dialogue begins with 0.4 s of silence.
    expect(askedAtMs - parts.saidAtMs).toBeLessThan(5000);
    await lane.asked(parts.id);
    await isConnected(parts);
    const done = await lane.callbackIs(parts.id, { state: 'COMPLETED' });
    expect(done).toMatchObject({ reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
    expect(done.attempts).toMatchObject([{ result: 'PERSON', confirmed: true }]);
  });
}

scene(
  'somebody who talks and talks is asked by three seconds, and is a person by pressing 1',
  async (lane) => {
    const parts = await dialled(lane);
    await parts.customer.answered();
    const beganAtMs = Date.now();
    void parts.customer.media.playOnce(spoken('en/please-hold'));
    const askedAtMs = await parts.customer.media.soundBegan(6000, beganAtMs);
    report('question after the first word', askedAtMs - beganAtMs);
    expect(askedAtMs - beganAtMs).toBeGreaterThan(2500);
    expect(askedAtMs - beganAtMs).toBeLessThan(8000);
    await isConnected(parts);
    const done = await lane.callbackIs(parts.id, { state: 'COMPLETED' });
    expect(done.attempts).toMatchObject([{ result: 'PERSON', confirmed: true }]);
  },
);

scene('who presses 1 before the question is connected without it', async (lane) => {
  const parts = await dialled(lane);
  await parts.customer.answered();
  await isConnected(parts);
  const done = await lane.callbackIs(parts.id, { state: 'COMPLETED' });
  expect(done.attempts).toMatchObject([{ result: 'PERSON', confirmed: true }]);
  const dialogue = ({ msg, callbackId }: LogLine): boolean =>
    msg === 'flow state entered' && callbackId === parts.id;
  expect(lane.product.log.items.some(dialogue)).toBe(false);
});

scene(
  'with detection off the question does not wait',
  async (lane) => {
    const parts = await dialled(lane);
    await parts.customer.answered();
    const answeredAtMs = Date.now();
    const askedAtMs = await parts.customer.media.soundBegan(10_000);
    report('detection off: question after the answer', askedAtMs - answeredAtMs);
    expect(askedAtMs - answeredAtMs).toBeLessThan(5000);
    await isConnected(parts);
    await lane.callbackIs(parts.id, { state: 'COMPLETED' });
  },
  { settings: { cpdEnabled: false } },
);

scene('a machine is hung up on and called again', async (lane) => {
  const { id, customer, agent } = await answeredBy(lane, voicemail);
  await hungUp(customer);
  await lane.callbackIs(id, { state: 'ROUTING', attemptCount: 2 });
  await customer.answered({ count: 2 });
  await customer.media.playOnce(voicemail);
  const done = await lane.callbackIs(id, { state: 'COMPLETED' });
  expect(done).toMatchObject({ reason: 'MAX_ATTEMPTS_REACHED', attemptCount: 2 });
  expect(done.attempts).toMatchObject([
    { result: 'ANSWERING_MACHINE', confirmed: false },
    { result: 'ANSWERING_MACHINE', confirmed: false },
  ]);
  expect(agent.invitesReceived).toHaveLength(0);
});

scene(
  'a machine ends the callback where the queue says so',
  async (lane) => {
    const { id, customer } = await answeredBy(lane, voicemail);
    const done = await lane.callbackIs(id, { state: 'COMPLETED' });
    await hungUp(customer);
    expect(done).toMatchObject({ reason: 'MAX_ATTEMPTS_REACHED', attemptCount: 1 });
    expect(done.attempts).toMatchObject([{ result: 'ANSWERING_MACHINE' }]);
    expect(customer.invitesReceived).toHaveLength(1);
  },
  { settings: { onAnsweringMachine: 'FAIL' } },
);

for (const [ending, greeting, startMax] of [
  ['beep', voicemail, MESSAGE_AFTER_BEEP_MAX_MS],
  ['greeting, when there is no beep,', talkative, 6000],
] as const) {
  scene(
    `a message begins after the ${ending} and is spoken whole`,
    async (lane) => {
      const { id, customer, saidAtMs } = await answeredBy(lane, greeting);
      const beganAtMs = await customer.media.soundBegan(8000, saidAtMs);
      report(`message after the ${ending}`, beganAtMs - saidAtMs);
      expect(beganAtMs - saidAtMs).toBeLessThanOrEqual(startMax);
      await hungUp(customer);
      const heard = customer.media.heardSince(saidAtMs);
      const message = findClip(heard, spoken('en/machine-message'), Math.max(0, onsetOf(heard) - 2000));
      expect(message.likeness).toBeGreaterThan(LIKE_MIN);
      const goodbye = findClip(heard, spoken('en/goodbye'), message.endsAt);
      expect(goodbye.likeness).toBeGreaterThan(LIKE_MIN);
      expect(heard.length - goodbye.endsAt).toBeLessThan(2 * SAMPLE_RATE);
      const later = await lane.callbackIs(id, { state: 'SCHEDULED', subState: 'retry-wait' });
      expect(later.attempts).toMatchObject([{ result: 'ANSWERING_MACHINE', confirmed: false }]);
    },
    { settings: { onAnsweringMachine: 'LEAVE_MESSAGE', retryIntervalSec: 60 } },
  );
}

scene(
  'a machine is connected with an agent where the queue wants it',
  async (lane) => {
    const { id, customer, agent } = await answeredBy(lane, voicemail);
    await agent.answered();
    customer.media.play(TONE.customer);
    await agent.toneHeard(TONE.customer);
    await agent.hangUp();
    const done = await lane.callbackIs(id, { state: 'COMPLETED' });
    expect(done).toMatchObject({ reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
    expect(done.attempts).toMatchObject([{ result: 'ANSWERING_MACHINE', confirmed: false }]);
  },
  { settings: { onAnsweringMachine: 'CONNECT' } },
);

scene('a fax is hung up on and never called again', async (lane) => {
  const { id, customer } = await answeredBy(lane, faxAnswer);
  await hungUp(customer);
  const done = await lane.callbackIs(id, { state: 'COMPLETED' });
  expect(done).toMatchObject({ attemptCount: 1 });
  expect(done.attempts).toMatchObject([{ result: 'FAX' }]);
  expect(customer.invitesReceived).toHaveLength(1);
});

scene(
  'silence is asked like a person and, when no key comes, recorded as silence',
  async (lane) => {
    const { id, customer } = await dialled(lane);
    await customer.answered();
    const answeredAtMs = Date.now();
    const askedAtMs = await customer.media.soundBegan(8000);
    report('silence: question after the answer', askedAtMs - answeredAtMs);
    expect(askedAtMs - answeredAtMs).toBeGreaterThan(2000);
    expect(askedAtMs - answeredAtMs).toBeLessThan(8000);
    await hungUp(customer);
    const done = await lane.callbackIs(id, { state: 'COMPLETED' });
    expect(done).toMatchObject({ reason: 'CUSTOMER_NOT_CONFIRMED', attemptCount: 1 });
    expect(done.attempts).toMatchObject([{ result: 'SILENCE', confirmed: false }]);
  },
  { settings: { maxAttempts: 1 } },
);

for (const [ending, turn] of [
  ['404', { kind: 'refuse', status: 404, reason: 'Not Found', ringMs: 1440 }],
  ['480', { kind: 'refuse', status: 480, reason: 'Temporarily Unavailable', ringMs: 20_000 }],
  ['nothing', { kind: 'ring-for-ever' }],
] as const satisfies readonly (readonly [string, CalleeTurn])[]) {
  scene(
    `a number announced as vacant, then ${ending}, is never called again`,
    async (lane) => {
      // Said again and again, as networks do.
      const announcement = joined(...Array.from({ length: 12 }, () => joined(vacant, silence(600))));
      const { id, customer } = await announcedBy(lane, turn, announcement);
      const done = await lane.callbackIs(id, { state: 'COMPLETED' });
      expect(done).toMatchObject({ reason: 'MAX_ATTEMPTS_REACHED', attemptCount: 1 });
      expect(done.attempts).toMatchObject([{ result: 'ERROR_TONE' }]);
      expect(customer.invitesReceived).toHaveLength(1);
    },
    { settings: { dialTimeoutSec: 30 } },
  );
}

scene(
  'a busy tone before the answer is a busy customer, called again',
  async (lane) => {
    const { id, customer } = await announcedBy(lane, { kind: 'ring-for-ever' }, busyTone);
    await customer.waitFor({ direction: 'received', method: 'CANCEL', request: true });
    const waiting = await lane.callbackIs(id, { state: 'SCHEDULED', subState: 'retry-wait' });
    expect(waiting.attempts).toMatchObject([{ result: 'BUSY' }]);
  },
  { settings: { retryIntervalSec: 60, dialTimeoutSec: 30 } },
);
