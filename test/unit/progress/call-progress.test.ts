import { describe, expect, it } from 'vitest';
import {
  CallProgress,
  type CallProgressOptions,
  type ProgressDecision,
} from '../../../src/progress/call-progress.ts';
import { joined, noiseSource, repeated, signal, speech } from './signal.ts';

interface Heard {
  readonly decisions: readonly ProgressDecision[];
  readonly last: ProgressDecision | undefined;
  readonly progress: CallProgress;
}

function listen(samples: Int16Array, options: Partial<CallProgressOptions> = {}, frameSamples = 160): Heard {
  const decisions: ProgressDecision[] = [];
  const progress = new CallProgress({ ...options, onVerdict: (decision) => decisions.push(decision) });
  for (let at = 0; at < samples.length; at += frameSamples)
    progress.push(samples.subarray(at, at + frameSamples));
  progress.finish();
  return { decisions, last: decisions.at(-1), progress };
}

const quiet = (ms: number): Int16Array => signal([{ ms }]);
const zeros = (ms: number): Int16Array => new Int16Array(ms * 8);
const beep = (ms = 400, hz = [1000]): Int16Array => signal([{ ms, hz }]);
const greeting = (): Int16Array =>
  joined(quiet(300), speech(1800), quiet(350), speech(2200), quiet(300), speech(2600));

describe('who answered', () => {
  it('takes a word and then silence for a person, within 0.8 s of its end', () => {
    const { last, progress } = listen(joined(quiet(400), speech(600), quiet(3000)));
    expect(last?.verdict).toBe('human');
    expect(last?.decidedAtMs).toBeLessThan(1000 + 800);
    expect(last?.reason).toMatch(/^spoke for 0\.\d s, then waited for 0\.\d s$/);
    expect(Math.abs((progress.speechOnsetMs ?? 0) - 400)).toBeLessThan(80);
  });

  it.each([1500, 2000, 2500, 3000])('takes a business greeting of %d ms for a person', (ms) => {
    const { last } = listen(joined(quiet(200), speech(ms), quiet(2000)));
    expect(last?.verdict).toBe('human');
    expect(last?.decidedAtMs).toBeLessThan(200 + ms + 800);
  });

  it('waits for a person through eight seconds of digital silence', () => {
    const { last } = listen(joined(zeros(8000), speech(500), quiet(1500)));
    expect(last?.verdict).toBe('human');
    expect(last?.decidedAtMs).toBeGreaterThan(8000);
  });

  it('hears a person after ringback that goes on after the answer', () => {
    const ringback = signal([{ ms: 1500, hz: [440, 480] }, { ms: 400 }]);
    expect(listen(joined(ringback, speech(500), quiet(1500))).last?.verdict).toBe('human');
  });

  it('hears a person with a quieter voice behind', () => {
    const person = joined(quiet(400), speech(700), quiet(3000));
    const television = speech(4100, 200, -42);
    const mixed = person.map((value, at) => value + (television[at] ?? 0));
    expect(listen(mixed).last?.verdict).toBe('human');
  });

  it('takes a greeting that talks on for a machine, and tells its beep', () => {
    const { last, progress } = listen(joined(greeting(), quiet(400), beep(), quiet(1500)));
    expect(last?.verdict).toBe('machine');
    const startMs = 300 + 1800 + 350 + 2200 + 300 + 2600 + 400;
    expect(Math.abs((progress.beep?.startMs ?? 0) - startMs)).toBeLessThan(30);
    expect((progress.beep?.reportedAtMs ?? Infinity) - (startMs + 400)).toBeLessThan(150);
  });

  it('takes a short greeting with a beep right after it for a machine', () => {
    const { decisions } = listen(joined(quiet(300), speech(1500), quiet(150), beep(150), quiet(1500)));
    expect(decisions.map(({ verdict }) => verdict)).toEqual(['machine']);
  });

  it('takes a person back when a beep follows a longer greeting, and says so', () => {
    const { decisions } = listen(joined(quiet(300), speech(2000), quiet(1200), beep(), quiet(1500)));
    expect(decisions.map(({ verdict, isRevision }) => [verdict, isRevision])).toEqual([
      ['human', false],
      ['machine', true],
    ]);
  });

  it('takes a whole sentence back for a beep that comes late, a short one not', () => {
    const late = (talkMs: number): Int16Array =>
      joined(quiet(200), speech(talkMs), quiet(3500), beep(), quiet(1500));
    expect(listen(late(2600)).decisions.map(({ verdict }) => verdict)).toEqual(['human', 'machine']);
    expect(listen(late(1400)).decisions.map(({ verdict }) => verdict)).toEqual(['human']);
  });

  it('hears who speaks after all when nobody seemed to be there', () => {
    const { decisions } = listen(joined(quiet(11_500), speech(600), quiet(1500)));
    expect(decisions.map(({ verdict, isRevision }) => [verdict, isRevision])).toEqual([
      ['silence', false],
      ['human', true],
    ]);
    const cut = listen(joined(quiet(11_500), speech(600)));
    expect(cut.decisions.map(({ verdict }) => verdict)).toEqual(['silence', 'human']);
  });

  it('keeps a person behind whose greeting a tone as long as ringback sounds', () => {
    const call = (hz: number): Int16Array =>
      joined(quiet(300), speech(1500), quiet(1200), beep(1500, [hz]), quiet(1500));
    expect(listen(call(440)).decisions.map(({ verdict }) => verdict)).toEqual(['human']);
    expect(listen(call(1000)).decisions.map(({ verdict }) => verdict)).toEqual(['human', 'machine']);
  });

  it('keeps a person after one word, whatever beeps behind', () => {
    const { decisions } = listen(joined(quiet(300), speech(500), quiet(1200), beep(), quiet(1500)));
    expect(decisions.map(({ verdict }) => verdict)).toEqual(['human']);
  });

  it('decides by what it has when the audio ends with the word', () => {
    const { last } = listen(joined(quiet(300), speech(700)));
    expect(last?.verdict).toBe('human');
    expect(last?.score).toBeLessThan(0.9);
  });

  it('calls a talker a machine earlier when the profile favours machines', () => {
    const at = (profile: CallProgressOptions['profile']): number =>
      listen(greeting(), profile === undefined ? {} : { profile }).last?.decidedAtMs ?? 0;
    expect(at('favour-machine')).toBeLessThan(at('favour-person'));
    expect(at(undefined)).toBe(at('favour-person'));
  });
});

describe('nobody, tones and faxes', () => {
  it('says silence after the limit, and at the end of what is shorter', () => {
    const long = listen(quiet(12_000), { limits: { silenceMs: 5000 } });
    expect(long.last?.verdict).toBe('silence');
    expect(Math.abs((long.last?.decidedAtMs ?? 0) - 5000)).toBeLessThan(30);
    expect(listen(zeros(2000)).last?.verdict).toBe('silence');
  });

  it('says beep-only for a beep without speech', () => {
    expect(listen(joined(quiet(1000), beep(), quiet(3000))).last?.verdict).toBe('beep-only');
  });

  it.each([
    ['fax', [{ ms: 500 }, { ms: 2600, hz: [2100] }, { ms: 500 }], undefined],
    ['fax', repeated(2, { ms: 3000 }, { ms: 500, hz: [1100] }), undefined],
    ['busy', repeated(6, { ms: 500, hz: [480, 620] }, { ms: 500 }), 'US'],
    ['reorder', repeated(8, { ms: 250, hz: [480, 620] }, { ms: 250 }), 'US'],
    ['busy', repeated(12, { ms: 200, hz: [425] }, { ms: 200 }), 'ES'],
    [
      'reorder',
      repeated(
        4,
        { ms: 200, hz: [425] },
        { ms: 200 },
        { ms: 200, hz: [425] },
        { ms: 200 },
        { ms: 200, hz: [425] },
        { ms: 600 },
      ),
      'ES',
    ],
    ['ringback', repeated(2, { ms: 2000, hz: [440, 480] }, { ms: 4000 }), 'US'],
    [
      'sit-intercept',
      [
        { ms: 200 },
        { ms: 274, hz: [913.8] },
        { ms: 274, hz: [1370.6] },
        { ms: 380, hz: [1776.7] },
        { ms: 800 },
      ],
      'US',
    ],
  ] as const)('says %s before the answer', (verdict, stretches, country) => {
    const countries = country === undefined ? {} : { countries: [country] };
    expect(listen(signal(stretches), { isEarly: true, ...countries }).last?.verdict).toBe(verdict);
  });

  it('takes an announcement before the answer for nobody', () => {
    expect(listen(greeting(), { isEarly: true }).last?.verdict).toBe('unknown');
  });
});

describe('junk', () => {
  const noise = noiseSource(7);
  const junk: readonly (readonly [string, Int16Array])[] = [
    ['nothing at all', new Int16Array()],
    ['all at the positive limit', new Int16Array(40_000).fill(32767)],
    ['all at the negative limit', new Int16Array(40_000).fill(-32768)],
    [
      'a square wave at full scale',
      Int16Array.from({ length: 40_000 }, (_, i) => (i % 16 < 8 ? 32767 : -32768)),
    ],
    ['loud noise', Int16Array.from({ length: 40_000 }, () => 9000 * noise())],
    ['single clicks', Int16Array.from({ length: 40_000 }, (_, i) => (i % 4000 === 0 ? 32767 : 0))],
  ];

  it.each(junk)('gives one verdict for %s, and never a person', (_, samples) => {
    const { decisions } = listen(samples);
    expect(decisions).toHaveLength(1);
    expect(decisions[0]?.verdict).not.toBe('human');
  });

  it('decides the same whatever the length of the frames', () => {
    const samples = joined(quiet(300), speech(900), quiet(2000));
    const [one, other] = [listen(samples, {}, 37).last, listen(samples, {}, 8000).last];
    expect(one).toEqual(other);
  });
});
