import { ansam, cadence, drawBeep, modem, PLANNED_TONES, SITS, sit } from './tone-plans.ts';
import { machinePrompts, music, personPrompts, recordedVoices } from './recorded.ts';
import { atLevel, type Dice, joined, looped, noise, samplesOf, silence, tone } from './sound.ts';
import { drawLine, type Line, Take } from './take.ts';
import { type Part, textsOf } from './texts.ts';
import { speak, type Voice, voicesOf } from './voices.ts';

/** A file before it goes over the line. */
export interface Scene {
  readonly verdict: string;
  readonly category: string;
  readonly voice: string;
  readonly text: string;
  readonly take: Take;
  readonly line: Line;
  readonly country?: string;
  readonly isEarly?: boolean;
}

/** What somebody says, phrase by phrase. */
interface Speech {
  readonly voice: string;
  readonly text: string;
  readonly phrases: readonly Float64Array[];
}

/** Makes scenes of one part; the same dice make the same scenes. */
export class Stage {
  readonly #part: Part;
  readonly #folder: string;
  readonly #voices: readonly Voice[];
  readonly #recordedWords: { voice: string; text: string; sound: Float64Array }[];
  readonly #recordedMachines: { voice: string; text: string; phrases: Float64Array[] }[];
  readonly #music: readonly Float64Array[];

  constructor(part: Part, folder: string) {
    this.#part = part;
    this.#folder = folder;
    this.#voices = voicesOf(part);
    const recorded = recordedVoices(part);
    this.#recordedWords = recorded.flatMap((voice) =>
      personPrompts(voice).map((each) => ({ voice: voice.name, ...each })),
    );
    this.#recordedMachines = recorded.flatMap((voice) =>
      machinePrompts(voice).map((each) => ({ voice: voice.name, ...each })),
    );
    this.#music = music(part);
  }

  /** Somebody of this part says something of a kind; machines in phrases. */
  say(dice: Dice, kind: 'words' | 'business' | 'machines' | 'shortMachines'): Speech {
    const isRecorded = dice.chance(kind === 'business' ? 0 : 0.3);
    if (isRecorded && kind === 'words' && this.#recordedWords.length > 0) {
      const { voice, text, sound } = dice.pick(this.#recordedWords);
      return { voice, text, phrases: [sound] };
    }
    if (isRecorded && kind === 'machines' && this.#recordedMachines.length > 0)
      return dice.pick(this.#recordedMachines);
    const voice = dice.pick(this.#voices);
    const text = dice.pick(textsOf(this.#part)[voice.language]?.[kind] ?? []);
    return {
      voice: voice.name,
      text,
      phrases: text.split('|').map((phrase) => speak(voice, phrase, this.#folder)),
    };
  }

  #bed(dice: Dice): Float64Array {
    const long = dice.pick(this.#voices.filter(({ engine }) => engine !== 'festival'));
    const texts = textsOf(this.#part)[long.language]?.machines ?? [];
    return joined(texts.slice(0, 3).map((text) => speak(long, text.replaceAll('|', ' '), this.#folder)));
  }

  /** Several voices at once, as in an office or a pub. */
  #babble(dice: Dice): Float64Array {
    const beds = Array.from({ length: 4 }, () => this.#bed(dice));
    const length = Math.min(...beds.map((bed) => bed.length));
    return Float64Array.from({ length }, (_, i) => beds.reduce((sum, bed) => sum + (bed[i] as number), 0));
  }

  person(dice: Dice, category: string): Scene {
    let line = drawLine(dice);
    const take = new Take();
    take.pause(dice.chance(0.3) ? dice.between(20, 150) : dice.between(150, 1600));
    if (category === 'person-late') {
      take.pause(dice.between(3000, 8000));
      take.cleanUntilMs = take.lengthMs - 150;
    }
    if (category === 'person-after-ringback') {
      const plan = dice.pick(PLANNED_TONES.filter(({ verdict }) => verdict === 'ringback'));
      take.sound(cadence(plan, dice.between(600, 6000), dice.between(-26, -14))).pause(dice.between(50, 900));
    }
    if (category === 'person-cough') take.sound(cough(dice, line.levelDbfs)).pause(dice.between(200, 700));
    const speech = this.say(
      dice,
      category === 'person-business'
        ? 'business'
        : category.endsWith('repeat') || category.endsWith('word')
          ? 'words'
          : dice.chance(0.7)
            ? 'words'
            : 'business',
    );
    const say = (): Take => take.speech(atLevel(speech.phrases[0] as Float64Array, line.levelDbfs));
    say();
    if (category === 'person-repeat') {
      take.pause(dice.between(250, 1500));
      say();
    }
    take.pause(dice.between(2200, 3600));
    if (dice.chance(0.5)) say().pause(dice.between(1200, 3000));
    if (category === 'person-noise')
      line = { ...line, snrDb: dice.between(10, 20), noisePole: dice.pick([0, 0.5, 0.9]) };
    if (category === 'person-babble')
      line = { ...line, background: { sound: this.#babble(dice), relativeDb: dice.between(-26, -14) } };
    if (category === 'person-tv')
      line = {
        ...line,
        background: {
          sound: dice.chance(0.4) && this.#music.length > 0 ? dice.pick(this.#music) : this.#bed(dice),
          relativeDb: dice.between(-28, -15),
        },
      };
    if (category === 'person-level') line = { ...line, levelDbfs: line.levelDbfs };
    return { verdict: 'human', category, voice: speech.voice, text: speech.text, take, line };
  }

  machine(dice: Dice, category: string): Scene {
    let line = drawLine(dice);
    const take = new Take().pause(dice.chance(0.3) ? dice.between(20, 200) : dice.between(200, 1800));
    if (category === 'machine-late') {
      take.pause(dice.between(2000, 6000));
      take.cleanUntilMs = take.lengthMs - 150;
    }
    const speech = this.say(dice, category === 'machine-short' ? 'shortMachines' : 'machines');
    for (const [at, phrase] of speech.phrases.entries()) {
      if (at > 0) take.pause(drawPause(dice, category));
      take.speech(atLevel(phrase, line.levelDbfs));
    }
    let beepName = 'no beep';
    if (category !== 'machine-no-beep') {
      take.pause(dice.chance(0.8) ? dice.between(80, 900) : dice.between(900, 2000));
      const beep = drawBeep(dice);
      beepName = beep.name;
      take.withBeep(beep.sound);
    }
    take.pause(dice.between(1500, 4000));
    if (category === 'machine-music' && this.#music.length > 0) {
      line = { ...line, background: { sound: dice.pick(this.#music), relativeDb: dice.between(-14, -6) } };
    }
    return {
      verdict: 'machine',
      category,
      voice: speech.voice,
      text: `${speech.text} [${beepName}]`,
      take,
      line,
    };
  }

  other(dice: Dice, at: number): Scene {
    const line = drawLine(dice);
    const take = new Take();
    const base = { voice: 'none', take, line: { ...line, lossRate: at % 3 === 0 ? line.lossRate : 0 } };
    const level = dice.between(-26, -10);
    switch (at % 10) {
      case 0: {
        take
          .pause(dice.between(200, 1800))
          .sound(tone([2100], dice.between(2600, 4000), level))
          .pause(75)
          .sound(modem(dice, 1500, level));
        return { ...base, verdict: 'fax', category: 'fax-ced', text: 'CED' };
      }
      case 1: {
        take.pause(dice.between(200, 1500));
        for (let burst = 0; burst < 3; burst++) take.sound(tone([1100], 500, level)).pause(3000);
        return { ...base, verdict: 'fax', category: 'fax-cng', text: 'CNG' };
      }
      case 2: {
        take
          .pause(dice.between(200, 1800))
          .sound(ansam(3500, level))
          .pause(75)
          .sound(modem(dice, 1500, level));
        return { ...base, verdict: 'fax', category: 'fax-ansam', text: 'ANSam' };
      }
      case 3: {
        take.pause(dice.between(5000, 14000));
        if (dice.chance(0.5)) take.cleanUntilMs = take.lengthMs;
        return { ...base, verdict: 'silence', category: 'silence', text: 'nothing' };
      }
      case 4: {
        take.pause(dice.between(500, 4000));
        const beep = drawBeep(dice);
        take.withBeep(beep.sound).pause(dice.between(3000, 6000));
        return { ...base, verdict: 'beep-only', category: 'beep-only', text: beep.name };
      }
      case 5: {
        const { verdict, segments } = SITS[Math.floor(at / 10) % SITS.length] as (typeof SITS)[number];
        const announcement = this.say(dice, 'machines');
        take.pause(dice.between(100, 1000)).sound(sit(segments, level)).pause(dice.between(100, 600));
        for (const phrase of announcement.phrases) take.speech(atLevel(phrase, line.levelDbfs)).pause(300);
        return {
          ...base,
          verdict,
          category: 'sit',
          voice: announcement.voice,
          text: verdict,
          isEarly: dice.chance(0.5),
        };
      }
      default: {
        const plan = PLANNED_TONES[
          Math.floor(at / 10 + (at % 10) * 7) % PLANNED_TONES.length
        ] as (typeof PLANNED_TONES)[number];
        const { verdict, country } = plan;
        take.pause(dice.between(50, 800)).sound(cadence(plan, dice.between(9000, 13000), level));
        return {
          ...base,
          verdict,
          category: `tone-${verdict}`,
          text: `${country} ${plan.frequenciesHz.join('+')}`,
          country,
          isEarly: dice.chance(0.7),
        };
      }
    }
  }
}

/**
 * A pause between two phrases of a greeting: around 0.35 s (log-normal), or a long one where that is the case
 * asked for.
 */
function drawPause(dice: Dice, category: string): number {
  if (category === 'machine-pauses') return dice.between(450, 1300);
  return Math.min(1200, Math.max(60, 330 * Math.exp(0.45 * dice.normal())));
}

/** A burst of noise or two with the shape of a cough. */
function cough(dice: Dice, dbfs: number): Float64Array {
  const parts: Float64Array[] = [];
  for (let count = dice.chance(0.5) ? 1 : 2; count > 0; count--) {
    const length = samplesOf(dice.between(120, 260));
    const hiss = noise(dice, length, 0.7);
    parts.push(
      hiss.map((value, i) => value * Math.min(1, i / 80) * Math.exp((-3 * i) / length)),
      silence(dice.between(80, 200)),
    );
  }
  return atLevel(looped(joined(parts), joined(parts).length, 0), dbfs);
}

/** Categories of people and of machines with their shares. */
export const PERSON_CATEGORIES: readonly (readonly [string, number])[] = [
  ['person-word', 70],
  ['person-business', 70],
  ['person-repeat', 45],
  ['person-late', 35],
  ['person-after-ringback', 35],
  ['person-noise', 40],
  ['person-babble', 40],
  ['person-tv', 35],
  ['person-cough', 30],
];
export const MACHINE_CATEGORIES: readonly (readonly [string, number])[] = [
  ['machine-greeting', 130],
  ['machine-short', 40],
  ['machine-pauses', 30],
  ['machine-music', 30],
  ['machine-late', 30],
  ['machine-no-beep', 40],
];
/** Fax, silence, beeps, tones: a multiple of 10. */
export const OTHER_COUNT = 160;
