import { describe, expect, test } from 'vitest';
import { codeText, importsOf } from './code-text.ts';
import { directionFindings } from './directions.ts';
import { errorCodeFindings, metricFindings, roomFindings } from './documents.ts';
import { sizeFindings } from './sizes.ts';
import { filesMatching, projectFiles, told, type SourceFile } from './source-file.ts';
import {
  ambientFindings,
  bannedWordFindings,
  defaultExportFindings,
  environmentFindings,
  fileNameFindings,
  machineTraceFindings,
  PLANTED_TRACES,
  PLANTED_WORDS,
} from './wording.ts';

const SOURCES = filesMatching(/^src\/.*\.tsx?$/);
const CODE = filesMatching(/^(?:src|test|bench|scripts|bin)\/.*\.(?:ts|tsx|mjs)$/);
const PROSE = filesMatching(/\.(?:md|ya?ml|json|xml)$|^(?:Dockerfile|\.ci\/run)$/).filter(
  ({ path }) => !/^package(?:-lock)?\.json$|^test\/fixtures\/|^test\/tidy\/banned-words\.json$/.test(path),
);

const planted = (path: string, text: string): SourceFile => ({ path, text });
const document = (path: string): SourceFile => {
  const found = projectFiles().find((file) => file.path === path);
  if (found === undefined) throw new Error(`${path} is missing: write it`);
  return found;
};

test('the suite sees the project', () => {
  expect(SOURCES.length).toBeGreaterThan(50);
  expect(PROSE.length).toBeGreaterThan(5);
});

describe('import directions', () => {
  test('rooms import only rooms before them, and libraries stay in their adapters', () => {
    expect(told(directionFindings(SOURCES))).toEqual([]);
  });

  test.each([
    ['a later room', 'src/queue/planted.ts', "import { x } from '../routing/agent.ts';"],
    ['a later room by type only', 'src/kernel/planted.ts', "import type { Leg } from '../telephony/leg.ts';"],
    ['a later room in a re-export', 'src/callback/planted.ts', "export { x } from '../dialing/dialer.ts';"],
    [
      'a later room in a dynamic import',
      'src/ivr/planted.ts',
      "const x = await import('../bridging/join.ts');",
    ],
    ['a later room over several lines', 'src/ivr/planted.ts', "import {\n  x,\n} from '../queue/token.ts';"],
    ['an adapter', 'src/routing/planted.ts', "import { Storage } from '../adapters/storage/storage.ts';"],
    ['a room from embedded telephony', 'src/embedded/planted.ts', "import { x } from '../telephony/leg.ts';"],
    ['the root from a room', 'src/dialing/planted.ts', "import { x } from '../turnkeeper.ts';"],
    ['drachtio outside its adapter', 'src/telephony/planted.ts', "import Srf from 'drachtio-srf';"],
    [
      'a part of drachtio',
      'src/adapters/http/planted.ts',
      "import { x } from 'drachtio-srf/lib/connect.js';",
    ],
    ['fsmrf outside its adapter', 'src/adapters/drachtio/planted.ts', "import Mrf from 'drachtio-fsmrf';"],
    ['the query builder outside storage', 'src/callback/planted.ts', "import { sql } from 'kysely';"],
    ['SQLite by require', 'src/main.ts', "const x = require('better-sqlite3');"],
  ])('finds a planted import of %s', (_what, path, text) => {
    expect(directionFindings([planted(path, text)], [])).toHaveLength(1);
  });

  test('finds an unknown room and an exception that is not needed', () => {
    const findings = directionFindings([planted('src/attic/planted.ts', '')], ['src/a.ts -> src/b.ts']);
    expect(told(findings)).toEqual([
      expect.stringContaining('src/attic/planted.ts is in a room'),
      expect.stringContaining('not needed any more'),
    ]);
  });

  test('does not take comments and strings for imports', () => {
    const text =
      "// import x from 'kysely';\n/* import y from 'kysely' */\nconst text = \"import z from 'kysely'\";\n";
    expect(directionFindings([planted('src/kernel/planted.ts', text)], [])).toEqual([]);
  });
});

describe('the reader of sources', () => {
  test('keeps code and lines while it blanks comments, strings, patterns and templates', () => {
    const text =
      "const a = 'x//y'; // Date.now\nconst b = /['\"`/]/.test(a) ? `t ${f({ c: 'd' })} u` : 4 / 2; /* e\n */ g();";
    const code = codeText(text, { strings: false });
    expect(code).toHaveLength(text.length);
    expect(code.split('\n')).toHaveLength(3);
    expect(code).toContain('g();');
    expect(code).toContain('${f({ c:');
    expect(code).not.toMatch(/Date|x\/\/y|[tu] \$/);
  });

  test('reads every form of import', () => {
    const text =
      "import 'a';\nimport b from 'b';\nexport * from \"c\";\nimport('d');\nrequire('e');\nnew URL('./f.js', g);";
    expect(importsOf(text).map(({ target }) => target)).toEqual(['a', 'b', 'c', 'd', 'e', './f.js']);
  });
});

describe('sizes', () => {
  test('files and lines are within their limits', () => {
    expect(told(sizeFindings(CODE))).toEqual([]);
  });

  test('finds planted long files, long lines and an entry without need', () => {
    const lines = (count: number): string => 'x\n'.repeat(count);
    const files = [
      planted('src/a.ts', lines(301)),
      planted('src/b.ts', lines(401)),
      planted('test/c.ts', lines(501)),
      planted('src/d.ts', 'y'.repeat(111)),
      planted('src/e.ts', lines(300)),
      planted('test/f.ts', lines(500)),
    ];
    const findings = sizeFindings(files, ['src/e.ts']);
    expect(findings.map(({ path, line }) => [path, line])).toEqual([
      ['src/a.ts', 0],
      ['src/b.ts', 0],
      ['test/c.ts', 0],
      ['src/d.ts', 1],
      ['src/e.ts', 0],
    ]);
  });
});

describe('ambient state', () => {
  test('time and chance are injected', () => {
    expect(told(ambientFindings(SOURCES))).toEqual([]);
  });

  test.each([
    'Date.now()',
    'new Date()',
    'setTimeout(f, 1)',
    'setInterval(f, 1)',
    'Math.random()',
    'randomUUID()',
  ])('finds a planted %s in a room but not in the kernel', (call) => {
    expect(ambientFindings([planted('src/queue/planted.ts', `const x = ${call};`)], [])).toHaveLength(1);
    expect(ambientFindings([planted('src/kernel/planted.ts', `const x = ${call};`)], [])).toEqual([]);
    expect(ambientFindings([planted('src/queue/planted.ts', `// ${call}`)], [])).toEqual([]);
  });

  test('only config reads the environment', () => {
    expect(told(environmentFindings(SOURCES))).toEqual([]);
    expect(environmentFindings([planted('src/cli/planted.ts', 'const x = process.env.HOME;')])).toHaveLength(
      1,
    );
    expect(environmentFindings([planted('src/config/planted.ts', 'const x = process.env.HOME;')])).toEqual(
      [],
    );
  });
});

describe('names and words', () => {
  test('files are named by what they export', () => {
    expect(told(fileNameFindings(CODE))).toEqual([]);
    expect(
      fileNameFindings([planted('src/queue/utils.ts', ''), planted('src/queue/MyQueue.ts', '')]),
    ).toHaveLength(2);
  });

  test('nothing is exported as default', () => {
    expect(told(defaultExportFindings(SOURCES))).toEqual([]);
    const forms = ['export default class {}', 'export { a as default };'];
    expect(defaultExportFindings(forms.map((text) => planted('src/queue/planted.ts', text)))).toHaveLength(2);
  });

  test('no text promises work that is not done', () => {
    expect(told(bannedWordFindings([...CODE, ...PROSE]))).toEqual([]);
    expect(
      bannedWordFindings(PLANTED_WORDS.map((text) => planted('src/queue/planted.ts', text))),
    ).toHaveLength(PLANTED_WORDS.length);
  });

  test('nothing names a machine or a registry', () => {
    expect(told(machineTraceFindings([...CODE, ...PROSE]))).toEqual([]);
    expect(machineTraceFindings(PLANTED_TRACES.map((text) => planted('README.md', text)))).toHaveLength(3);
  });

  test('the lock file has no download addresses', () => {
    const lock = JSON.parse(document('package-lock.json').text) as {
      packages: Record<string, { resolved?: string }>;
    };
    const resolved = Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined);
    expect(resolved.map(([path]) => `${path}: run npm install with omit-lockfile-registry-resolved`)).toEqual(
      [],
    );
  });
});

describe('documents', () => {
  test('every error code is documented and every documented code exists', () => {
    expect(told(errorCodeFindings(SOURCES, document('docs/errors.md')))).toEqual([]);
  });

  test('finds a planted code on either side', () => {
    const source = planted('src/queue/planted.ts', "throw new AppError('PLANTED_CODE', 'x');");
    const table = planted('docs/errors.md', '| GONE_CODE | a | b |');
    expect(errorCodeFindings([source], table).map(({ path, line }) => [path, line])).toEqual([
      ['src/queue/planted.ts', 1],
      ['docs/errors.md', 1],
    ]);
  });

  test('the walk names every room', () => {
    expect(told(roomFindings(SOURCES, document('docs/walk.md')))).toEqual([]);
    expect(roomFindings([planted('src/attic/x.ts', '')], document('docs/walk.md'))).toHaveLength(1);
  });

  test('every metric is reported by somebody', () => {
    const names = document('src/kernel/metrics.ts');
    expect(told(metricFindings(SOURCES, names))).toEqual([]);
    const more = planted(names.path, `${names.text}\n  plantedTotal: 'turnkeeper_planted_total',`);
    expect(metricFindings(SOURCES, more)).toHaveLength(1);
  });

  test('the changelog has a place for what comes next', () => {
    expect(document('CHANGELOG.md').text).toMatch(/^## .*Unreleased/m);
  });
});
