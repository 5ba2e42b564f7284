import { assert } from '../../kernel/errors.ts';
import type { AudioSource } from '../../telephony/leg.ts';

/** Most parts of one play list. */
const SOURCES_MAX = 100;

/**
 * The argument of FreeSWITCH's `playback` application for a list of sources. Several sources become one
 * `file_string://`, which the media server plays without gaps.
 * @param audioRoot absolute directory that file paths are relative to, as the media server sees it
 */
export function playbackArgument(sources: readonly AudioSource[], audioRoot: string): string {
  assert(sources.length > 0 && sources.length <= SOURCES_MAX, `1 to ${SOURCES_MAX} sources`);
  const parts = sources.map((source) => streamOf(source, audioRoot));
  const [first = ''] = parts;
  return parts.length === 1 ? first : `file_string://${parts.join('!')}`;
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
