import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { codeText } from './code-text.ts';
import { type Finding, matchesOf, type SourceFile } from './source-file.ts';

/** Kept as data, so that the checks' own texts pass them. */
const WORDS = JSON.parse(
  readFileSync(fileURLToPath(new URL('banned-words.json', import.meta.url)), 'utf8'),
) as { anyCase: string[]; exactCase: string[]; plantedTraces: string[] };

/** Texts that each name a machine or a registry. */
export const PLANTED_TRACES: readonly string[] = WORDS.plantedTraces;
/** Every banned word, each in a sentence. */
export const PLANTED_WORDS: readonly string[] = [...WORDS.anyCase, ...WORDS.exactCase].map(
  (word) => `is ${word} here`,
);

const BANNED_WORD = new RegExp(`\\b(?:${WORDS.anyCase.join('|')})\\b`, 'gi');
/** `Not Implemented` is the phrase of a SIP status, so only the plain words are banned. */
const BANNED_EXACTLY = new RegExp(`\\b(?:${WORDS.exactCase.join('|')})\\b`, 'g');
/** HTML forms have an attribute of that name, and drachtio's protocol a request address. */
const ATTRIBUTE = /\bplace(?:holder)(?==|:)|(?<=')place(?:holder)(?=')/gi;

/** Words that stand for work left undone, anywhere in the project's own texts. */
export function bannedWordFindings(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) => {
    const text = file.text.replaceAll(ATTRIBUTE, (match) => ' '.repeat(match.length));
    const advice = (word: string): string => `says "${word}": do it, or say what holds now`;
    return [...matchesOf(file, text, BANNED_WORD, advice), ...matchesOf(file, text, BANNED_EXACTLY, advice)];
  });
}

const BANNED_NAME =
  /(?:^|[/.-])(?:util|utils|helper|helpers|type|types|constant|constants|manager|common|misc|index)\.(?:ts|tsx|mjs)$/;

/** File names that say nothing about what is in the file, or are not kebab-case. */
export function fileNameFindings(files: readonly SourceFile[]): Finding[] {
  return files.flatMap(({ path }) => {
    const name = path.split('/').at(-1)!;
    if (BANNED_NAME.test(path))
      return [
        { path, line: 0, advice: 'is named after nothing in particular: name it by the noun it exports' },
      ];
    if (!/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|config|d))*\.(?:ts|tsx|mjs)$/.test(name))
      return [{ path, line: 0, advice: 'must have a kebab-case name' }];
    return [];
  });
}

const AMBIENT =
  /\bDate\.now\b|\bnew Date\(\s*\)|\b(?:setTimeout|setInterval)\b|\bMath\.random\b|\brandomUUID\b/g;
const AMBIENT_HOMES = /^src\/(?:kernel|embedded|console|demo)\//;

/**
 * Files outside kernel/, embedded/, console/ and demo/ that may use ambient time or chance; an unneeded entry
 * fails.
 */
export const AMBIENT_EXCEPTIONS: readonly string[] = [];

/**
 * Ambient time, timers and chance outside their homes (STYLE: injected, so that rooms run in virtual time).
 */
export function ambientFindings(files: readonly SourceFile[], exceptions = AMBIENT_EXCEPTIONS): Finding[] {
  const found = files
    .filter(({ path }) => !AMBIENT_HOMES.test(path))
    .flatMap((file) =>
      matchesOf(
        file,
        codeText(file.text, { strings: false }),
        AMBIENT,
        (call) => `uses ${call}: take Clock, Random or IdSource as a parameter`,
      ),
    );
  const unneeded = exceptions.filter((path) => !found.some((finding) => finding.path === path));
  return [
    ...found.filter(({ path }) => !exceptions.includes(path)),
    ...unneeded.map((path) => ({
      path,
      line: 0,
      advice: 'is an exception in test/tidy/wording.ts that is not needed any more: remove it',
    })),
  ];
}

/** Readers of the environment outside config/. */
export function environmentFindings(files: readonly SourceFile[]): Finding[] {
  return files
    .filter(({ path }) => !path.startsWith('src/config/'))
    .flatMap((file) =>
      matchesOf(
        file,
        codeText(file.text, { strings: false }),
        /\bprocess\s*\.\s*env\b|\bprocess\s*\[|\{[^}\n]*\benv\b[^}\n]*\}\s*=\s*process\b/g,
        () => 'reads the environment: only src/config does; take a Config',
      ),
    );
}

/** Default exports; configuration files of tools need theirs. */
export function defaultExportFindings(files: readonly SourceFile[]): Finding[] {
  return files
    .filter(({ path }) => !/\.config\.ts$|\.d\.ts$/.test(path))
    .flatMap((file) =>
      matchesOf(
        file,
        codeText(file.text, { strings: false }),
        /\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/g,
        () => 'has a default export: export it by its name',
      ),
    );
}

const MACHINE_TRACES = [
  /(?<![\w.$}/-])\/(?:work|root)\/[\w.-]+/g,
  /(?<![\w.$}/-])\/home\/[a-z][\w-]*\//g,
  /\bregistry\.(?:npmjs|yarnpkg)\b|\bdeb\.debian\b|\bnpm\.pkg\.github\b/g,
];

/** Paths of somebody's machine and addresses of package registries. */
export function machineTraceFindings(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) =>
    MACHINE_TRACES.flatMap((pattern) =>
      matchesOf(
        file,
        file.text,
        pattern,
        (trace) => `names ${trace}: nothing of one machine or registry belongs into the project`,
      ),
    ),
  );
}
