import { assert } from '../../kernel/errors.ts';
import type { AudioSource } from '../../telephony/leg.ts';

/** Most parts of one play list. */
const SOURCES_MAX = 100;

/** FreeSWITCH begins each `file_string://` with so much silence (mod_dptools, next_file). */
const LIST_LEAD_MS = 250;

/**
 * The arguments of FreeSWITCH's `playback` application, one after the other, for a list of sources: one, or
 * two. Several sources become one `file_string://`, which the media server plays without gaps; its silence at
 * the start is taken out of a pause that stands there. Where there is none, the first source is played by
 * itself, so that it is heard at once.
 * @param audioRoot absolute directory that file paths are relative to, as the media server sees it
 */
export function playbackArguments(sources: readonly AudioSource[], audioRoot: string): string[] {
  assert(sources.length > 0 && sources.length <= SOURCES_MAX, `1 to ${SOURCES_MAX} sources`);
  const [first, ...rest] = sources as [AudioSource, ...AudioSource[]];
  if (rest.length === 0) return [streamOf(first, audioRoot)];
  const isLed = first.kind === 'silence' && first.durationMs >= LIST_LEAD_MS;
  return isLed ? [listOf(sources, audioRoot)] : [streamOf(first, audioRoot), listOf(rest, audioRoot)];
}

function listOf(sources: readonly AudioSource[], audioRoot: string): string {
  const [first, ...rest] = sources as [AudioSource, ...AudioSource[]];
  if (rest.length === 0) return streamOf(first, audioRoot);
  const isLed = first.kind === 'silence' && first.durationMs >= LIST_LEAD_MS;
  const leftMs = isLed ? Math.round(first.durationMs - LIST_LEAD_MS) : 0;
  const lead: AudioSource[] = isLed ? (leftMs > 0 ? [{ ...first, durationMs: leftMs }] : []) : [first];
  return `file_string://${[...lead, ...rest].map((source) => streamOf(source, audioRoot)).join('!')}`;
}

function streamOf(source: AudioSource, audioRoot: string): string {
  switch (source.kind) {
    case 'file':
      // The path ends up in a command line: only plain relative paths may.
      assert(
        /^[A-Za-z0-9_][A-Za-z0-9_./-]{0,255}$/.test(source.path) && !source.path.includes('..'),
        `a plain relative audio path, not ${JSON.stringify(source.path)}`,
      );
      return `${audioRoot}/${source.path}`;
    case 'silence':
      return `silence_stream://${Math.max(1, Math.round(source.durationMs))}`;
    case 'tone': {
      const numbers = [source.onMs, source.offMs, ...source.frequencies].map((value) => Math.round(value));
      return `tone_stream://%(${numbers.join(',')})`;
    }
    default:
      return source satisfies never;
  }
}
