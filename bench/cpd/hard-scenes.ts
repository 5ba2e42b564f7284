import type { Scene, Stage } from './scenes.ts';
import { atLevel, type Dice, tone } from './sound.ts';
import { drawLine, Take } from './take.ts';
import { cadence, drawBeep, type PlannedTone } from './tone-plans.ts';

/** Ringback of networks that the other scenes do not have. */
const FOREIGN_RINGBACK: readonly PlannedTone[] = [
  ['AU', [413, 438], [400, 200, 400, 2000]],
  ['CN', [450], [1000, 4000]],
  ['KR', [440, 480], [1000, 2000]],
  ['HK', [440, 480], [400, 200, 400, 3000]],
  ['IN', [375, 425], [400, 200, 400, 2000]],
  ['TR', [450], [2000, 4000]],
  ['BE', [425], [1000, 3000]],
  ['RU', [425], [800, 3200]],
].map(
  ([country, frequenciesHz, cadenceMs]) =>
    ({ verdict: 'ringback', country, frequenciesHz, cadenceMs }) as PlannedTone,
);

/** Cases that came up after the others: their categories and how many files of each a part has. */
export const HARD_CATEGORIES: readonly (readonly [string, number])[] = [
  ['person-at-once', 20],
  ['person-quiet', 20],
  ['person-coded', 25],
  ['person-very-late', 15],
  ['person-foreign-ringback', 24],
  ['machine-at-once', 15],
  ['machine-coded', 25],
  ['machine-late-beep', 25],
  ['machine-tight-beep', 25],
  ['fax-one-cng', 10],
];

/** A scene of one of the hard categories. */
export function hardScene(stage: Stage, dice: Dice, category: string): Scene {
  if (category.startsWith('fax')) return faxOfOneBurst(dice);
  return category.startsWith('person') ? person(stage, dice, category) : machine(stage, dice, category);
}

function person(stage: Stage, dice: Dice, category: string): Scene {
  const drawn = drawLine(dice);
  const line = {
    ...drawn,
    ...(category === 'person-quiet'
      ? { levelDbfs: dice.between(-46, -38), snrDb: dice.between(15, 30) }
      : {}),
    ...(category === 'person-coded' ? { isCoded: true } : {}),
  };
  const take = new Take();
  if (category === 'person-very-late') {
    take.pause(dice.between(8000, 13_000));
    take.cleanUntilMs = take.lengthMs - 150;
  } else if (category === 'person-foreign-ringback') {
    take
      .sound(cadence(dice.pick(FOREIGN_RINGBACK), dice.between(800, 7000), dice.between(-26, -14)))
      .pause(dice.between(50, 900));
  } else take.pause(category === 'person-at-once' ? dice.between(0, 30) : dice.between(100, 1500));
  const speech = stage.say(dice, dice.chance(0.6) ? 'words' : 'business');
  const say = (): Take => take.speech(atLevel(speech.phrases[0] as Float64Array, line.levelDbfs));
  say().pause(dice.between(2200, 3600));
  if (dice.chance(0.5)) say().pause(dice.between(1200, 3000));
  return { verdict: 'human', category, voice: speech.voice, text: speech.text, take, line };
}

function machine(stage: Stage, dice: Dice, category: string): Scene {
  const line = { ...drawLine(dice), ...(category === 'machine-coded' ? { isCoded: true } : {}) };
  const take = new Take().pause(
    category === 'machine-at-once' ? dice.between(0, 30) : dice.between(200, 1500),
  );
  const speech = stage.say(dice, 'machines');
  for (const [at, phrase] of speech.phrases.entries()) {
    if (at > 0) take.pause(dice.between(120, 700));
    take.speech(atLevel(phrase, line.levelDbfs));
  }
  const isLate = category === 'machine-late-beep';
  const isTight = category === 'machine-tight-beep';
  take.pause(isLate ? dice.between(2000, 4300) : isTight ? dice.between(0, 80) : dice.between(100, 900));
  const beep = drawBeep(dice);
  take.withBeep(beep.sound).pause(dice.between(1500, 4000));
  return {
    verdict: 'machine',
    category,
    voice: speech.voice,
    text: `${speech.text} [${beep.name}]`,
    take,
    line,
  };
}

/** The recording ends before a second burst. */
function faxOfOneBurst(dice: Dice): Scene {
  const take = new Take().pause(dice.between(200, 2500)).sound(tone([1100], 500, dice.between(-26, -10)));
  take.pause(dice.between(800, 2800));
  const line = { ...drawLine(dice), lossRate: 0 };
  return { verdict: 'fax', category: 'fax-one-cng', voice: 'none', text: 'one CNG', take, line };
}
