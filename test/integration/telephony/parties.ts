import type { PhoneCall } from '../../../src/demo/soft-phone/phone-call.ts';
import type { SoftPhone } from '../../../src/demo/soft-phone/soft-phone.ts';
import type { Leg } from '../../../src/telephony/leg.ts';
import type { Stage } from './telephony-stage.ts';

/** Tones that no pair of, and no harmonic of, can be taken for another. */
export const VOICES = [350, 480, 620, 770, 950, 1130] as const;

/** One party of a conversation: its leg here, its call there, and the tone that it speaks in. */
export interface Party {
  readonly leg: Leg;
  readonly call: PhoneCall;
  readonly voice: number;
  readonly phone: SoftPhone;
}

let lineCount = 0;

/**
 * Calls a phone through its own trunk and lets it speak in the `index`th voice.
 * @param allow what it says that it takes; default: OPTIONS too.
 */
export async function party(
  stage: Stage,
  index: number,
  allow?: string,
  sends: SoftPhone['sends'] = 'audio',
): Promise<Party> {
  const trunk = `line-${lineCount++}`;
  const phone = await stage.trunkPhone(trunk);
  if (allow !== undefined) phone.allow = allow;
  phone.sends = sends;
  const outbound = stage.telephony.originate({
    callId: `call_${trunk}`,
    target: { kind: 'trunk', number: '+15550001', trunk },
    callerId: { number: '5000' },
    ringTimeoutMs: 5000,
  });
  const [call, outcome] = await Promise.all([phone.incoming(), outbound.outcome]);
  if (outcome.kind !== 'answered') throw new Error(outcome.termination.reason);
  const voice = VOICES[index] ?? 0;
  call.rtp.tone(voice);
  return { leg: outcome.leg, call, voice, phone };
}

/** Parties with the voices 0, 1, …. */
export async function parties(stage: Stage, count: number): Promise<Party[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => party(stage, index)));
}

/** Resolves when each party hears exactly the voices of those listed for it. */
export async function hear(expected: readonly (readonly [Party, readonly Party[]])[]): Promise<void> {
  await Promise.all(
    expected.map(async ([listener, speakers]) => {
      const voices = speakers.map(({ voice }) => voice);
      if (voices.length === 0) await listener.call.rtp.hearsSilence();
      else await listener.call.rtp.hearsOnly(voices, VOICES);
    }),
  );
}

/** Ends all calls. */
export async function hangUp(all: readonly Party[]): Promise<void> {
  await Promise.all(all.map(({ leg }) => leg.hangUp()));
}
