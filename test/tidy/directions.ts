import { posix } from 'node:path';
import { importsOf } from './code-text.ts';
import { type Finding, lineAt, type SourceFile } from './source-file.ts';

/** Rooms in the order of the call: a room may import what stands before it. */
const ROOMS = [
  'kernel',
  'telephony',
  'calendar',
  'screening',
  'recording',
  'ivr',
  'callback',
  'callin',
  'queue',
  'routing',
  'dialing',
  'progress',
  'bridging',
  'disposition',
  'notify',
  'reporting',
  'provisioning',
  'application',
] as const;

/**
 * Parts of src/ beside the rooms, and what each may import apart from itself. `root` is the files of src/
 * itself.
 */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  config: ['kernel', 'telephony'],
  adapters: [...ROOMS],
  embedded: ['kernel'],
  cli: [...ROOMS, 'config', 'adapters', 'simulation'],
  simulation: [...ROOMS, 'config', 'adapters'],
  root: [...ROOMS, 'config', 'adapters', 'embedded', 'cli', 'demo', 'simulation'],
  demo: [...ROOMS, 'config', 'root'],
  console: [],
};

/** Imports that break the order on purpose. Only ever shrinks: an entry that is not needed fails. */
export const EXCEPTIONS: readonly string[] = [];

/** Libraries that one adapter alone may see (ARCHITECTURE: rooms see ports, adapters see libraries). */
const LIBRARY_HOMES: Readonly<Record<string, RegExp>> = {
  'drachtio-srf': /^src\/adapters\/drachtio\//,
  'drachtio-fsmrf': /^src\/adapters\/freeswitch\//,
  modesl: /^src\/adapters\/freeswitch\//,
  'drachtio-modesl': /^src\/adapters\/freeswitch\//,
  kysely: /^src\/adapters\/storage\//,
  'better-sqlite3': /^src\/adapters\/storage\//,
  fastify: /^src\/adapters\/http\//,
  'prom-client': /^src\/adapters\/metrics\//,
  pino: /^src\/adapters\/logging\//,
};

/** Imports that point the wrong way, reach past their adapter, or name a room that nobody knows. */
export function directionFindings(files: readonly SourceFile[], exceptions = EXCEPTIONS): Finding[] {
  const findings: Finding[] = [];
  const used = new Set<string>();
  for (const file of files) {
    if (partOf(file.path) === undefined) {
      findings.push({
        path: file.path,
        line: 0,
        advice: 'is in a room that test/tidy/directions.ts does not know: give it its place in the order',
      });
      continue;
    }
    for (const { target, offset } of importsOf(file.text)) {
      const edge = `${file.path} -> ${posix.join(posix.dirname(file.path), target)}`;
      const advice = target.startsWith('.') ? roomFault(file.path, target) : libraryFault(file.path, target);
      if (advice === undefined) continue;
      if (exceptions.includes(edge)) used.add(edge);
      else findings.push({ path: file.path, line: lineAt(file.text, offset), advice });
    }
  }
  for (const edge of exceptions) {
    if (!used.has(edge))
      findings.push({
        path: 'test/tidy/directions.ts',
        line: 0,
        advice: `the exception "${edge}" is not needed any more: remove it`,
      });
  }
  return findings;
}

function partOf(path: string): string | undefined {
  const [, first = '', ...rest] = path.split('/');
  if (rest.length === 0) return 'root';
  return first in PARTS || (ROOMS as readonly string[]).includes(first) ? first : undefined;
}

function roomFault(path: string, target: string): string | undefined {
  const to = posix.join(posix.dirname(path), target);
  if (!to.startsWith('src/')) return undefined;
  const [fromPart, toPart] = [partOf(path), partOf(to)];
  if (fromPart === toPart || fromPart === undefined) return undefined;
  if (toPart === undefined) return `imports ${to}, a room without a place in the order`;
  const allowed: readonly string[] = PARTS[fromPart] ?? roomsBefore(fromPart);
  if (allowed.includes(toPart)) return undefined;
  return `${fromPart} must not import ${toPart} (${to}): declare a port in ${fromPart} and connect it in the root`;
}

function roomsBefore(room: string): readonly string[] {
  return ROOMS.slice(0, (ROOMS as readonly string[]).indexOf(room));
}

function libraryFault(path: string, target: string): string | undefined {
  const [scopeOrName = '', name = ''] = target.split('/');
  const library = scopeOrName.startsWith('@') ? `${scopeOrName}/${name}` : scopeOrName;
  const home = LIBRARY_HOMES[library];
  if (home === undefined || home.test(path)) return undefined;
  return `must not import ${library}: only ${home.source.replaceAll(/[\\^]/g, '')} does`;
}
