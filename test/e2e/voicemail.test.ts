import { expect } from 'vitest';
import type { SippPhone } from './harness/sipp-phone.ts';
import { tones } from './harness/sound.ts';
import { SAMPLE_RATE, toneShare } from './harness/tone.ts';
import type { Lane } from './stage/lane.ts';
import { TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();

const VOICEMAIL = { offerWatermark: 0, voicemailEnabled: true, voicemailMinSec: 1 };
const HEADER_BYTES = 44;

interface Message {
  readonly id: string;
  readonly state: string;
  readonly callbackId: string | null;
  readonly durationMs: number | null;
  readonly bytes: number | null;
}

/** The caller's words: a tone of a second and a half. */
async function says(caller: SippPhone): Promise<void> {
  await caller.media.playOnce(tones([TONE.customer], 1500));
}

async function messages(lane: Lane): Promise<readonly Message[]> {
  const path = `/recordings?kind=voicemail&queue=${lane.queue}`;
  return (await lane.product.api<{ items: readonly Message[] }>('GET', path)).items;
}

/** Milliseconds missing of the 500 after the beep, of the tone of a caller who speaks all the time. */
async function missingMsAfterBeep(lane: Lane, { id }: Message): Promise<number> {
  const wav = await lane.product.download(`/recordings/${id}/audio`);
  const frames = Math.floor((wav.length - HEADER_BYTES) / 4);
  const sampleAt = (frame: number, channel: 0 | 1): number =>
    wav.readInt16LE(HEADER_BYTES + 4 * frame + 2 * channel);
  let beepEnd = 0;
  for (let frame = 0; frame < Math.min(frames, SAMPLE_RATE); frame++) {
    if (Math.abs(sampleAt(frame, 1)) > 500) beepEnd = frame;
  }
  expect(beepEnd, 'the beep is on the right').toBeGreaterThan(0);
  let missingMs = 0;
  for (let ms = 0; ms < 500; ms += 10) {
    const from = beepEnd + (ms * SAMPLE_RATE) / 1000;
    const piece = Array.from({ length: SAMPLE_RATE / 100 }, (_, at) => sampleAt(from + at, 0));
    if (toneShare(piece, TONE.customer) < 0.5) missingMs += 10;
  }
  return missingMs;
}

/** Share of the customer's tone in the message, of its channel that is the far end: the left one. */
async function toneIn(lane: Lane, { id }: Message): Promise<number> {
  const wav = await lane.product.download(`/recordings/${id}/audio`);
  expect(wav.toString('latin1', 0, 4)).toBe('RIFF');
  const channelCount = wav.readUInt16LE(22);
  expect(wav.readUInt32LE(24)).toBe(SAMPLE_RATE);
  const left: number[] = [];
  for (let at = HEADER_BYTES; at + 1 < wav.length; at += 2 * channelCount) left.push(wav.readInt16LE(at));
  // Where the tone is: in the middle.
  const middle = Math.floor(left.length / 2);
  return toneShare(left.slice(middle - 400, middle + 400), TONE.customer);
}

scene(
  'a caller who has waited long enough leaves a message and is called back by an agent who can hear it',
  async (lane) => {
    const customer = await lane.customer();
    await lane.agent();
    const caller = await lane.caller({ toneHz: 0 });
    await lane.hears(caller, 'overflow-message');
    // Speaks into the tone: what follows it at once must be there.
    caller.media.play(TONE.customer);
    await lane.recorded(caller);
    expect(await lane.waiting()).toEqual({ calls: 0, callbacks: 0 });
    await says(caller);
    caller.press('#');
    await lane.hears(caller, 'message-recorded');
    await caller.waitFor({ direction: 'received', method: 'BYE', request: true }, { withinMs: 20_000 });
    const [booked] = await lane.callbacks();
    const [message] = await messages(lane);
    expect(booked).toMatchObject({
      state: 'QUEUED',
      customerNumber: lane.number,
      userData: { _message: message?.id },
    });
    expect(message).toMatchObject({ state: 'finished', callbackId: booked?.id });
    expect(message?.durationMs).toBeGreaterThan(1000);
    expect(await toneIn(lane, message!)).toBeGreaterThan(0.8);
    expect(await missingMsAfterBeep(lane, message!)).toBeLessThanOrEqual(100);
    await lane.ready();
    await customer.answered();
    expect(customer.invitesReceived).toHaveLength(1);
  },
  { settings: { ...VOICEMAIL, overflowAfterSec: 2 } },
);

scene(
  'hanging up ends a message, which counts',
  async (lane) => {
    const caller = await lane.caller({ toneHz: 0 });
    await lane.recorded(caller);
    await says(caller);
    await caller.hangUp();
    await lane.callEnded(caller);
    const [booked] = await lane.callbacks();
    const [message] = await messages(lane);
    expect(booked).toMatchObject({ state: 'QUEUED', customerNumber: lane.number });
    expect(message).toMatchObject({ state: 'finished', callbackId: booked?.id });
    expect(await toneIn(lane, message!)).toBeGreaterThan(0.8);
  },
  { settings: { ...VOICEMAIL, overflowAfterSec: 2 } },
);

scene(
  'a caller who falls silent has finished, and one who never says a word has left nothing',
  async (lane) => {
    const caller = await lane.caller({ toneHz: 0 });
    await lane.recorded(caller);
    await lane.hears(caller, 'message-empty');
    await lane.recorded(caller, 2);
    await says(caller);
    await lane.hears(caller, 'message-recorded');
    const [booked] = await lane.callbacks();
    const [message, empty] = await messages(lane);
    expect(booked?.state).toBe('QUEUED');
    expect(message).toMatchObject({ state: 'finished', callbackId: booked?.id });
    expect(message?.durationMs).toBeGreaterThan(3000);
    expect(empty).toMatchObject({ state: 'failed', bytes: null });
  },
  { settings: { ...VOICEMAIL, overflowAfterSec: 2, voicemailSilenceSec: 2 } },
);

scene(
  'the longest time ends a message',
  async (lane) => {
    const caller = await lane.caller();
    await lane.recorded(caller);
    await lane.hears(caller, 'message-recorded');
    const [message] = await messages(lane);
    expect(message?.durationMs).toBeGreaterThan(4500);
    expect(message?.durationMs).toBeLessThan(6500);
  },
  { settings: { ...VOICEMAIL, overflowAfterSec: 2, voicemailMaxSec: 5 } },
);

scene(
  'a caller who hangs up before the tone has left no message',
  async (lane) => {
    const caller = await lane.caller({ toneHz: 0 });
    await lane.hears(caller, 'message');
    await caller.hangUp();
    await lane.callEnded(caller);
    expect(await messages(lane)).toHaveLength(0);
    expect(await lane.callbacks()).toHaveLength(0);
    expect(await lane.waiting()).toEqual({ calls: 0, callbacks: 0 });
  },
  { settings: { ...VOICEMAIL, overflowAfterSec: 2 } },
);

scene(
  'a caller who presses # at once is asked again and gets the old place back without a message',
  async (lane) => {
    const agent = await lane.agent();
    const caller = await lane.caller({ toneHz: 0 });
    await lane.recorded(caller);
    caller.press('#');
    await lane.hears(caller, 'message-empty');
    await lane.recorded(caller, 2);
    caller.press('#');
    await lane.recorded(caller, 3);
    caller.press('#');
    await lane.hears(caller, 'message-back', { withinMs: 60_000 });
    await lane.hears(caller, 'line', { count: 2 });
    expect(await lane.waiting()).toEqual({ calls: 1, callbacks: 0 });
    expect((await messages(lane)).map(({ state }) => state)).toEqual(['failed', 'failed', 'failed']);
    await lane.ready();
    await agent.answered();
    await caller.toneHeard(TONE.agent);
    await caller.hangUp();
  },
  { settings: { ...VOICEMAIL, overflowAfterSec: 2, voicemailMinSec: 30 } },
);

scene(
  'a message left while the queue is closed is called back when it opens',
  async (lane) => {
    const caller = await lane.caller({ toneHz: 0 });
    await lane.hears(caller, 'closed-offer');
    caller.press('3');
    await lane.recorded(caller);
    await says(caller);
    await caller.hangUp();
    await lane.callEnded(caller);
    const [booked] = await lane.callbacks();
    expect(booked).toMatchObject({ state: 'SCHEDULED', customerNumber: lane.number });
    expect(Date.parse(booked!.desiredAt)).toBeGreaterThan(Date.now() + 3_600_000);
    expect(await messages(lane)).toMatchObject([{ state: 'finished', callbackId: booked!.id }]);
  },
  { settings: { ...VOICEMAIL, businessHours: 'after-tomorrow' } },
);

scene(
  'a caller in the line may choose to leave a message, and a withheld number is asked for',
  async (lane) => {
    const caller = await lane.caller({ ani: 'anonymous', toneHz: 0 });
    await lane.hears(caller, 'offer');
    caller.press('3');
    await lane.hears(caller, 'message-key');
    caller.press('03087654321#');
    await lane.recorded(caller);
    await says(caller);
    await caller.hangUp();
    await lane.callEnded(caller);
    const [booked] = await lane.callbacks();
    expect(booked).toMatchObject({ state: 'QUEUED', customerNumber: '+493087654321' });
  },
  { settings: VOICEMAIL },
);
