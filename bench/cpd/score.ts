import { asteriskAmd } from './asterisk-amd.ts';
import { judge, type Judgement, samplesOfFile } from './judge.ts';
import { greetingEndMs, type Label } from './take.ts';
import { type CallTiming, isSpoken, timingOfLabel } from './tune.ts';

/** What three detectors said of one file. */
export interface Scored extends Judgement {
  /** The verdict in force at the file's end. */
  readonly verdict: string;
  /** The first verdict: another one only when a person's verdict was taken back for a beep. */
  readonly firstVerdict: string;
  readonly decidedAtMs: number;
  readonly amd: string;
  /** The best that perfect timing allows; only for speech. */
  readonly oracle: string | undefined;
}

/** @param isMachineByTiming the upper bound of `bestInHindsight`. */
export function scoreFile(label: Label, isMachineByTiming: (call: CallTiming) => boolean): Scored {
  const samples = samplesOfFile(label);
  const judgement = judge(label, samples);
  const first = judgement.decisions[0];
  return {
    ...judgement,
    verdict: judgement.decisions.at(-1)?.verdict ?? 'none',
    firstVerdict: first?.verdict ?? 'none',
    decidedAtMs: first?.decidedAtMs ?? Number.NaN,
    amd: asteriskAmd(samples).verdict,
    oracle: isSpoken(label) ? (isMachineByTiming(timingOfLabel(label)) ? 'machine' : 'human') : undefined,
  };
}

const percent = (part: number, whole: number): number =>
  whole === 0 ? 0 : Math.round((10_000 * part) / whole) / 100;

function quantile(values: readonly number[], at: number): number | null {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted.length === 0
    ? null
    : Math.round(sorted[Math.min(sorted.length - 1, Math.ceil(at * sorted.length) - 1)] as number);
}

function confusion(
  files: readonly Scored[],
  said: (file: Scored) => string,
): Record<string, Record<string, number>> {
  const table: Record<string, Record<string, number>> = {};
  for (const file of files) {
    const row = (table[file.label.verdict] ??= {});
    row[said(file)] = (row[said(file)] ?? 0) + 1;
  }
  return table;
}

/** Shares of people and machines by one detector. */
function shares(
  files: readonly Scored[],
  said: (file: Scored) => string | undefined,
): Record<string, number> {
  const people = files.filter(({ label }) => label.verdict === 'human');
  const machines = files.filter(({ label }) => label.verdict === 'machine');
  const count = (of: readonly Scored[], verdict: string): number =>
    of.filter((file) => said(file) === verdict).length;
  return {
    people: people.length,
    machines: machines.length,
    personToMachinePercent: percent(count(people, 'machine'), people.length),
    personRightPercent: percent(count(people, 'human'), people.length),
    machineToPersonPercent: percent(count(machines, 'human'), machines.length),
    machineRightPercent: percent(count(machines, 'machine'), machines.length),
    rightPercent: percent(
      count(people, 'human') + count(machines, 'machine'),
      people.length + machines.length,
    ),
  };
}

/** A beep is heard when its report comes within 150 ms of its end and its start is right within 150 ms. */
function beepScore(files: readonly Scored[]): Record<string, number | null> {
  let [real, heard, onTime, wrong] = [0, 0, 0, 0];
  const delays: number[] = [];
  for (const { label, beeps } of files) {
    const truth = label.beep;
    const match =
      truth === undefined ? undefined : beeps.find(({ startMs }) => Math.abs(startMs - truth[0]) <= 150);
    wrong += beeps.filter((beep) => beep !== match).length;
    if (truth === undefined) continue;
    real++;
    if (match === undefined) continue;
    heard++;
    delays.push(match.reportedAtMs - truth[1]);
    if (match.reportedAtMs - truth[1] <= 150) onTime++;
  }
  return {
    beeps: real,
    recallPercent: percent(heard, real),
    recallWithin150MsPercent: percent(onTime, real),
    delayP50Ms: quantile(delays, 0.5),
    delayP95Ms: quantile(delays, 0.95),
    falseBeeps: wrong,
    files: files.length,
  };
}

/** Everything that is reported of one part of the corpus. */
export function report(files: readonly Scored[]): Record<string, unknown> {
  const rightPeople = files.filter(
    ({ label, firstVerdict }) => label.verdict === 'human' && firstVerdict === 'human',
  );
  const rightMachines = files.filter(
    ({ label, verdict }) => label.verdict === 'machine' && verdict === 'machine',
  );
  const end = (file: Scored): number => greetingEndMs(file.label.segments) ?? Number.NaN;
  const fromEnd = rightPeople.map((file) => file.decidedAtMs - end(file));
  const onset = (file: Scored): number => file.label.segments[0]?.[0] ?? Number.NaN;
  const times = (values: readonly number[]): Record<string, number | null> => ({
    p50Ms: quantile(values, 0.5),
    p95Ms: quantile(values, 0.95),
  });
  const audioMs = files.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const cpuMs = files.reduce((sum, file) => sum + file.cpuMs, 0);
  const categories = [...new Set(files.map(({ label }) => label.category))].sort();
  return {
    files: files.length,
    ours: shares(files, ({ verdict }) => verdict),
    oursFirstVerdict: shares(files, ({ firstVerdict }) => firstVerdict),
    asteriskAmdDefaults: shares(files, ({ amd }) => amd),
    perfectTiming: shares(files, ({ oracle }) => oracle),
    personDecidedAfterGreetingEnd: times(fromEnd),
    personDecidedAfterOnset: times(rightPeople.map((file) => file.decidedAtMs - onset(file))),
    machineDecidedAfterOnset: times(
      rightMachines.map((file) => (file.decisions.at(-1)?.decidedAtMs ?? Number.NaN) - onset(file)),
    ),
    beep: beepScore(files),
    cpu: {
      msPerSecondOfAudio: Math.round((1e5 * cpuMs) / audioMs) / 100,
      classificationsPerCore: Math.round(audioMs / cpuMs),
    },
    confusion: confusion(files, ({ verdict }) => verdict),
    categories: categories.map((category) => {
      const of = files.filter(({ label }) => label.category === category);
      const right = (said: (file: Scored) => string | undefined): number =>
        percent(of.filter((file) => said(file) === file.label.verdict).length, of.length);
      const isSpeech = of.every(({ label }) => isSpoken(label));
      return {
        category,
        files: of.length,
        rightPercent: right(({ verdict }) => verdict),
        firstRightPercent: right(({ firstVerdict }) => firstVerdict),
        amdRightPercent: isSpeech ? right(({ amd }) => amd) : null,
        perfectTimingRightPercent: isSpeech ? right(({ oracle }) => oracle) : null,
      };
    }),
    errors: files
      .filter(({ verdict, label }) => verdict !== label.verdict)
      .map(({ label, verdict, decidedAtMs, decisions }) => ({
        file: label.file,
        truth: label.verdict,
        verdict,
        decidedAtMs,
        reason: decisions.at(-1)?.reason,
        voice: label.voice,
        text: label.text,
        line: label.line,
      })),
  };
}
