import type { ProgressTone } from './progress-event.ts';

/** One progress tone of some countries. */
export interface ToneRow {
  /** ISO 3166-1 alpha-2 codes. */
  readonly countries: readonly string[];
  readonly tone: ProgressTone;
  /** One or two frequencies, lowest first. */
  readonly frequenciesHz: readonly number[];
  /** The one frequency swings in strength (written 400*25 by those who make such tones). */
  readonly isModulated: boolean;
  /** Sound, pause, sound, pause …: one period. */
  readonly cadenceMs: readonly number[];
}

/**
 * The call progress tones of national networks: who, frequencies (`*` for a modulated one), cadence in ms.
 *
 * Source: ITU-T E.180 Supplement 2 (various tones used in national networks, 01/94) and its later lists in
 * the ITU Operational Bulletin (tones 02/03); limits in ITU-T E.180/Q.35. Where a country has several, the
 * usual ones stand here. Countries whose congestion tone equals their busy tone have only the latter.
 */
const RINGBACK = `
US CA PR          440+480  2000 4000
KR TW             440+480  1000 2000
HK                440+480  400 200 400 3000
GB IE NZ AE       400+450  400 200 400 2000
AU                413+438  400 200 400 2000
AU                400+450  400 200 400 2000
IN                375+425  400 200 400 2000
IN                400*     400 200 400 2000
ZA                400*     400 200 400 2000
SG                425*     400 200 400 2000
SG                401+449  400 200 400 2000
MY                425      400 200 400 2000
JP                400*     1000 2000
JP                400      1000 2000
PH                425+480  1000 4000
CN                450      1000 4000
IL                400      1000 3000
IL                414      1000 3000
CL                400      1000 3000
TR                450      2000 4000
FR                440      1500 3500
ES                425      1500 3000
HU                425      1250 3750
SA                425      1200 4600
BE                425      1000 3000
AT                420      1000 5000
SE PT             425      1000 5000
RU UA             425      800 3200
CO AR             425      1000 4500
DE IT NL CH NO DK FI PL CZ SK BR MX GR BG EE LV LT SI HR LU IS RU UA  425  1000 4000
`;
const BUSY = `
US CA PR KR TW HK PH  480+620  500 500
GB                400      375 375
AU                425      375 375
IE                425      450 450
NZ JP ZA IL CL    400      500 500
IL                414      500 500
IN                400      750 750
SG                425      750 750
CN                450      350 350
TR                450      500 500
FR                440      500 500
AT                420      400 400
IT NL BE CH NO DK PL PT BG DE IE MY SI HR UA  425  500 500
DE LU             425      480 480
RU UA             425      400 400
RU LT SK CZ       425      350 350
CZ SK             425      330 330
FI GR HU EE       425      300 300
SE BR MX CO       425      250 250
ES                425      200 200
AR                425      300 200
`;
const REORDER = `
US CA PR TW HK PH 480+620  250 250
KR US             480+620  300 200
GB                400      400 350 225 525
NZ ZA IN IL       400      250 250
NZ                400      375 375
CL                400      200 200
IL                414      250 250
CN                450      700 700
TR                450      200 200 200 200 200 200 600 200
FR                440      250 250
AT                420      200 200
DE LU             425      240 240
NL BG SG LV       425      250 250
IT CH NO DK FI PT GR EE LT SI HR  425  200 200
BE                425      167 167
CZ SK             425      165 165
RU UA             425      175 175
SE                425      250 750
BR                425      250 250 750 250
ES                425      200 200 200 200 200 600
CO                425      100 250 350 250 650 250
`;

/** Every row of the table. */
export const TONE_ROWS: readonly ToneRow[] = [
  ...read('ringback', RINGBACK),
  ...read('busy', BUSY),
  ...read('reorder', REORDER),
];

function read(tone: ProgressTone, table: string): ToneRow[] {
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const words = line.split(/\s+/);
      const at = words.findIndex((word) => /^\d/.test(word));
      const frequencies = words[at] ?? '';
      return {
        countries: words.slice(0, at),
        tone,
        frequenciesHz: frequencies.replace('*', '').split('+').map(Number),
        isModulated: frequencies.endsWith('*'),
        cadenceMs: words.slice(at + 1).map(Number),
      };
    });
}
