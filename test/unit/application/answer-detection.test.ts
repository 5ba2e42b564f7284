import { describe, expect, it } from 'vitest';
import { AnswerDetection } from '../../../src/application/answer-detection.ts';
import type { CallbackHappening } from '../../../src/callback/callback-runner.ts';
import type { Callback } from '../../../src/callback/callback.ts';
import type { QueueSettings } from '../../../src/callback/queue-settings.ts';
import { type Log, silentLog } from '../../../src/kernel/log.ts';
import { silentMetrics } from '../../../src/kernel/metrics.ts';
import { aCallback } from '../../fakes/callbacks.ts';
import { PlacedCall, type QuietLeg, settle } from '../../fakes/fake-telephony.ts';
import { aQueue } from '../../fakes/queue-settings.ts';
import { joined, speech } from '../progress/signal.ts';
import { beep, HeardCall, quiet, sounds } from './listening.ts';

type Rule = QueueSettings['onAnsweringMachine'];

/** The detection of one attempt, with everything it tells and asks for. */
class Attempt extends HeardCall {
  readonly callback: Callback = aCallback({ attemptId: 'attempt_1' });
  /** Events told, in order: type, result and whether it was the last attempt; `stop` for the question broken off. */
  readonly told: string[] = [];
  readonly givenUp: string[] = [];
  readonly labels: unknown[] = [];
  readonly counted: unknown[] = [];
  messageCount = 0;
  leg!: QuietLeg;
  /** Ends the message that is being spoken. */
  finishMessage: () => void = () => undefined;
  readonly detection: AnswerDetection;

  constructor(changes: Partial<QueueSettings> = {}) {
    super();
    const settings = aQueue({ cpdEnabled: true, ...changes });
    const log: Log = {
      ...silentLog,
      child: () => log,
      info: (fields, message) => {
        if (message.startsWith('call progress label')) this.labels.push(fields);
      },
    };
    this.detection = new AnswerDetection({
      clock: this.clock,
      log,
      metrics: { ...silentMetrics, count: (_name, labels) => this.counted.push(labels?.['verdict']) },
      settingsOf: () => settings,
      tell: (_callback, happening, _actor, facts) => this.told.push(worded(happening, facts.result)),
      giveUp: (id) => this.givenUp.push(id),
      stopAsking: () => this.told.push('stop'),
      leaveMessage: (_leg, _callback, signal) => {
        this.messageCount++;
        return new Promise((resolve) => {
          this.finishMessage = resolve;
          signal.addEventListener('abort', () => resolve());
        });
      },
    });
  }

  /** Dialled; answered by somebody. */
  answered(): this {
    this.detection.dialled(this.callback, this.call);
    this.leg = this.call.answer();
    if (!this.detection.answered(this.callback, this.leg)) throw new Error('nobody listens');
    return this;
  }
}

function worded(happening: CallbackHappening, result: string | undefined): string {
  const final = 'final' in happening && happening.final ? ' final' : '';
  return `${happening.type} ${result}${final}`;
}

const asked = 'PERSON_DETECTED UNKNOWN';

describe('who answered, and what the queue wants then', () => {
  const machine = 'MACHINE_DETECTED ANSWERING_MACHINE';
  const rules: readonly (readonly [Rule, string])[] = [
    ['RETRY', machine],
    ['CONNECT', machine],
    ['FAIL', `${machine} final`],
    ['LEAVE_MESSAGE', machine],
  ];
  it.each(rules)('%s: a machine known before the question', async (rule, end) => {
    const attempt = new Attempt({ onAnsweringMachine: rule }).answered();
    await attempt.sends(joined(sounds.shortMachine, quiet(1000)));
    attempt.finishMessage();
    await settle();
    expect(attempt.told).toEqual(['stop', end]);
    expect(attempt.messageCount).toBe(rule === 'LEAVE_MESSAGE' ? 1 : 0);
  });

  it.each(rules)('%s: a machine known while the question is asked', async (rule, end) => {
    const attempt = new Attempt({ onAnsweringMachine: rule }).answered();
    await attempt.sends(joined(sounds.longMachine, beep, quiet(1000)));
    attempt.finishMessage();
    await settle();
    expect(attempt.told).toEqual([asked, 'stop', end]);
    expect(attempt.messageCount).toBe(rule === 'LEAVE_MESSAGE' ? 1 : 0);
  });

  it.each(rules)('%s: a person taken back by the beep of a machine', async (rule, end) => {
    const attempt = new Attempt({ onAnsweringMachine: rule }).answered();
    await attempt.sends(joined(speech(1500), quiet(1000), beep, quiet(1000)));
    attempt.finishMessage();
    await settle();
    expect(attempt.told).toEqual(['PERSON_DETECTED PERSON', 'stop', end]);
  });

  it.each(rules)('%s: neither a fax nor a vacant number is a machine', async (rule) => {
    const fax = new Attempt({ onAnsweringMachine: rule }).answered();
    await fax.sends(sounds.fax);
    expect(fax.told).toEqual(['stop', 'MACHINE_DETECTED FAX final']);
    const vacant = new Attempt({ onAnsweringMachine: rule }).answered();
    await vacant.sends(sounds.vacant);
    expect(vacant.told).toEqual(['stop', 'MACHINE_DETECTED ERROR_TONE final']);
    expect(fax.messageCount + vacant.messageCount).toBe(0);
  });

  it.each(rules)('%s: a busy tone after the answer is busy, and may be tried again', async (rule) => {
    const attempt = new Attempt({ onAnsweringMachine: rule }).answered();
    await attempt.sends(sounds.busy);
    expect(attempt.told.slice(-2)).toEqual(['stop', 'MACHINE_DETECTED BUSY']);
  });

  it.each(rules)('%s: a person is asked', async (rule) => {
    const attempt = new Attempt({ onAnsweringMachine: rule }).answered();
    await attempt.sends(sounds.person);
    expect(attempt.told).toEqual(['PERSON_DETECTED PERSON']);
  });

  it('without a single frame the customer is asked after 2.5 s, as a person', async () => {
    const attempt = new Attempt().answered();
    await attempt.passes(2500);
    expect(attempt.told).toEqual([asked]);
    expect(attempt.detection.conclude(attempt.callback)).toEqual({});
  });
});

describe('where nobody can be listened to', () => {
  /** Answered, asked at once, and what the media server says when it hears a fax. */
  function unheard(): { attempt: Attempt; hearFax: () => void; isWatched: () => boolean } {
    const attempt = new Attempt();
    attempt.detection.dialled(attempt.callback, Object.assign(attempt.call, { tap: () => undefined }));
    let hearFax = (): void => undefined;
    let isWatched = false;
    const leg = Object.assign(attempt.call.answer(), {
      onFaxTone: (listener: () => void) => {
        [hearFax, isWatched] = [listener, true];
        return () => (isWatched = false);
      },
    });
    expect(attempt.detection.answered(attempt.callback, leg)).toBe(false);
    return { attempt, hearFax: () => hearFax(), isWatched: () => isWatched };
  }

  it('a fax that the media server tells is hung up on and never tried again', async () => {
    const { attempt, hearFax } = unheard();
    hearFax();
    await settle();
    expect(attempt.told).toEqual(['stop', 'MACHINE_DETECTED FAX final']);
    expect(attempt.counted).toEqual(['not-heard']);
  });

  it('nobody is taken for a fax once the attempt is over', async () => {
    const { attempt, hearFax, isWatched } = unheard();
    attempt.detection.forget(attempt.callback);
    expect(isWatched()).toBe(false);
    hearFax();
    await settle();
    expect(attempt.told).toEqual([]);
  });
});

describe('before the answer', () => {
  it.each([
    ['+34911234567', 'US', { result: 'BUSY', retry: 'later' }],
    ['+390612345678', 'ES', { result: 'ERROR_TONE', retry: 'later' }],
  ])('tones of %s are those of its country, not of a queue in %s', async (number, country, verdict) => {
    const attempt = new Attempt({ defaultCountry: country });
    const callback = { ...attempt.callback, customerNumber: number };
    attempt.detection.dialled(callback, attempt.call);
    await attempt.sends(sounds.quick);
    expect(attempt.givenUp).toEqual([callback.id]);
    expect(attempt.detection.verdictOf(callback, { bucket: 'success', reason: 'cancelled' })).toEqual(
      verdict,
    );
  });

  it('a vacant number is given up and never tried again, whatever the network says of it', async () => {
    const attempt = new Attempt();
    attempt.detection.dialled(attempt.callback, attempt.call);
    await attempt.sends(sounds.vacant);
    expect(attempt.givenUp).toEqual([attempt.callback.id]);
    const verdict = () =>
      attempt.detection.verdictOf(attempt.callback, { bucket: 'success', reason: 'cancelled' });
    expect(verdict()).toEqual({ result: 'ERROR_TONE', retry: 'never' });
    attempt.detection.forget(attempt.callback);
    expect(verdict()).toEqual({ result: 'NO_ANSWER', retry: 'later' });
    expect(attempt.counted).toEqual(['sit-vacant']);
  });

  it.each([
    ['the queue does not want it', false, true],
    ['the media server cannot be listened to', true, false],
  ] as const)('nobody listens when %s', (_why, cpdEnabled, canTap) => {
    const attempt = new Attempt({ cpdEnabled });
    const call = new PlacedCall(attempt.call.request, canTap);
    attempt.detection.dialled(attempt.callback, call);
    expect(call.listener).toBeUndefined();
    expect(attempt.detection.answered(attempt.callback, call.answer())).toBe(false);
    expect(attempt.counted).toEqual(cpdEnabled ? ['not-heard'] : []);
  });
});

describe('a key', () => {
  it('before the question is the answer to it, and labels what was heard', async () => {
    const attempt = new Attempt().answered();
    await attempt.sends(speech(800));
    attempt.leg.press('1');
    expect(attempt.told).toEqual([asked]);
    expect(attempt.detection.takeDigit(attempt.callback)).toBe('1');
    await attempt.sends(sounds.longMachine);
    expect(attempt.told).toEqual([asked]);
    attempt.detection.forget(attempt.callback, true);
    expect(attempt.labels).toMatchObject([{ attemptId: 'attempt_1', verdict: null }]);
  });

  it('during the question is not taken for one before it, and keeps a machine from being found', async () => {
    const attempt = new Attempt().answered();
    await attempt.sends(speech(3300));
    attempt.leg.press('5');
    await attempt.sends(sounds.longMachine);
    expect(attempt.told).toEqual([asked]);
    expect(attempt.detection.takeDigit(attempt.callback)).toBeUndefined();
  });

  it('1 makes a person of whom a message is being left for', async () => {
    const attempt = new Attempt({ onAnsweringMachine: 'LEAVE_MESSAGE' }).answered();
    await attempt.sends(sounds.shortMachine);
    expect(attempt.messageCount).toBe(1);
    attempt.leg.press('7');
    expect(attempt.detection.leavesMessage(attempt.callback)).toBe(true);
    attempt.leg.press('11');
    await settle();
    expect(attempt.told).toEqual(['stop', 'PERSON_DETECTED PERSON']);
    expect(attempt.detection.takeDigit(attempt.callback)).toBe('1');
  });

  it('1 confirms when the question was broken off for the message', async () => {
    const attempt = new Attempt({ onAnsweringMachine: 'LEAVE_MESSAGE' }).answered();
    await attempt.sends(sounds.longMachine);
    attempt.leg.press('1');
    await settle();
    expect(attempt.told).toEqual([asked, 'stop', 'CONFIRMED PERSON']);
    expect(attempt.messageCount).toBe(0);
    expect(attempt.labels).toMatchObject([{ verdict: 'machine' }]);
  });
});

describe('a message', () => {
  const rule = { onAnsweringMachine: 'LEAVE_MESSAGE' } as const;

  it('that began before the beep is spoken again after it', async () => {
    const attempt = new Attempt(rule).answered();
    await attempt.sends(joined(sounds.longMachine, quiet(2500)));
    expect(attempt.messageCount).toBe(1);
    await attempt.sends(joined(beep, quiet(1000)));
    expect(attempt.messageCount).toBe(2);
    attempt.finishMessage();
    await settle();
    expect(attempt.told.at(-1)).toBe('MACHINE_DETECTED ANSWERING_MACHINE');
  });

  it('is not spoken to a leg that has ended, and the attempt was a machine all the same', async () => {
    const attempt = new Attempt(rule).answered();
    await attempt.sends(sounds.longMachine);
    attempt.leg.end();
    attempt.detection.forget(attempt.callback);
    await settle();
    expect(attempt.messageCount).toBe(0);
    expect(attempt.told.at(-1)).toBe('MACHINE_DETECTED ANSWERING_MACHINE');
    expect(attempt.clock.pendingCount).toBe(0);
  });
});

describe('an attempt that ends', () => {
  it.each([
    ['silence', quiet(3000), 'SILENCE'],
    ['a person', sounds.person, 'PERSON'],
  ] as const)('while %s is heard is recorded as that', async (_what, samples, result) => {
    const attempt = new Attempt().answered();
    await attempt.sends(samples);
    expect(attempt.detection.conclude(attempt.callback)).toEqual({ result });
  });

  it('is forgotten with its timers and its tap', async () => {
    const attempt = new Attempt().answered();
    await attempt.sends(speech(400));
    attempt.detection.forget(attempt.callback);
    expect(attempt.call.listener).toBeUndefined();
    expect(attempt.clock.pendingCount).toBe(0);
    expect(attempt.counted).toEqual(['undecided']);
    attempt.detection.forget(attempt.callback);
    expect(attempt.counted).toHaveLength(1);
  });
});
