/** Frequencies within which two close tones beat (ringback of many countries); they need the fine look. */
const CLOSE_FROM_HZ = 320;
const CLOSE_TO_HZ = 540;

/** A line that may be two close ones. */
export function isClosePair(hz: number): boolean {
  return hz >= CLOSE_FROM_HZ && hz <= CLOSE_TO_HZ;
}

/** Whether a line is one of a tone's, near enough for a window of 32 ms. `highHz` 0: it has only one. */
export function isAt(hz: number, lowHz: number, highHz: number): boolean {
  const isClose = highHz !== 0 && highHz - lowHz < 94;
  const near = isClose || isClosePair(lowHz) ? 70 : Math.max(25, 0.02 * hz);
  return Math.abs(hz - lowHz) <= near || (highHz !== 0 && Math.abs(hz - highHz) <= near);
}

/** Two lines of which the upper is a small multiple of the lower, or half of one: maybe a voice's. */
export function isHarmonic(lowHz: number, highHz: number): boolean {
  if (highHz === 0) return false;
  const ratio = highHz / lowHz;
  return [1.5, 2, 3, 4].some((multiple) => Math.abs(ratio / multiple - 1) < 0.02);
}
