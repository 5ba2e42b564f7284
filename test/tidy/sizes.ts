import type { Finding, SourceFile } from './source-file.ts';

/** Lines of a source file: the aim, over which it must be listed below, and the limit that nothing passes. */
const SOURCE_AIM = 300;
const SOURCE_MAX = 400;
const TEST_MAX = 500;
const LINE_MAX = 110;

/**
 * Source files between aim and limit, as they are. The list only shrinks: an entry that is not needed fails.
 */
export const OVER_AIM: readonly string[] = [
  'src/adapters/drachtio/sip-telephony.ts',
  'src/adapters/freeswitch/media-endpoint.ts',
  'src/adapters/freeswitch/media-server.ts',
  // Query, list and bulk cancel share one page and its cursor.
  'src/adapters/http/ges/ges-query-routes.ts',
  'src/adapters/drachtio/outbound-call.ts',
  'src/application/callback-calls.ts',
  'src/application/inbound-session.ts',
  // One conversation's state, media and lines follow each other: parted they would only pass it round.
  'src/bridging/conversation.ts',
  'src/callback/callback-runner.ts',
  'src/config/config.ts',
  'src/embedded/media-server/channel.ts',
  'src/embedded/media-server/event-socket-connection.ts',
  'src/embedded/media-server/media-server.ts',
  'src/embedded/rtp/media-engine.ts',
  'src/embedded/rtp/media-leg.ts',
  'src/embedded/sip-server/inbound-requests.ts',
  'src/embedded/sip-server/outbound-requests.ts',
  'src/embedded/sip/sip-stack.ts',
  'src/turnkeeper.ts',
];

const UNBREAKABLE =
  /^import |https?:\/\/|^(?!\s*(?:\/\/|\/?\*)).*(?:'[^']{40,}'|`[^`]{40,}|"[^"]{40,}"|\/[^/]{40,}\/)/;

/** Lines that cannot be broken, by path: long messages on the wire, recorded transcripts. */
const LONG_LINES_ALLOWED = /^test\/fixtures\//;

export function sizeFindings(files: readonly SourceFile[], overAim = OVER_AIM): Finding[] {
  const findings: Finding[] = [];
  const needed = new Set<string>();
  for (const { path, text } of files) {
    const lines = text.split('\n');
    const count = lines.at(-1) === '' ? lines.length - 1 : lines.length;
    const isTest = path.startsWith('test/');
    const max = isTest ? TEST_MAX : SOURCE_MAX;
    if (count > max)
      findings.push({
        path,
        line: 0,
        advice: `has ${count} lines, at most ${max} are allowed: part it by what it is about`,
      });
    else if (!isTest && path.startsWith('src/') && count > SOURCE_AIM) {
      needed.add(path);
      if (!overAim.includes(path))
        findings.push({
          path,
          line: 0,
          advice: `has ${count} lines, the aim is ${SOURCE_AIM}: part it (or, with a reason, list it in test/tidy/sizes.ts)`,
        });
    }
    if (LONG_LINES_ALLOWED.test(path)) continue;
    lines.forEach((line, at) => {
      // An import or a link is as long as its names are; a text is left whole, to be searched for; tests have
      // tables whose rows are read as rows, and drawings are drawings.
      const isLeftWhole = isTest || /[─▶]/.test(line);
      if (line.length > LINE_MAX && !isLeftWhole && !UNBREAKABLE.test(line))
        findings.push({
          path,
          line: at + 1,
          advice: `has ${line.length} columns, at most ${LINE_MAX} are allowed`,
        });
    });
  }
  for (const path of overAim) {
    if (!needed.has(path))
      findings.push({
        path,
        line: 0,
        advice: `is listed in test/tidy/sizes.ts without need: remove it there`,
      });
  }
  return findings;
}
