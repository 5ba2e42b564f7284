import { codeText } from './code-text.ts';
import { type Finding, lineAt, type SourceFile } from './source-file.ts';

const CODE = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/;

/**
 * Codes given to `AppError` as a literal, and codes of HTTP answers (`code: 'X'`, `fail('X'`…), with their
 * places.
 */
export function errorCodesIn(files: readonly SourceFile[]): Map<string, { path: string; line: number }> {
  const codes = new Map<string, { path: string; line: number }>();
  for (const file of files) {
    const code = codeText(file.text, { strings: true });
    for (const match of code.matchAll(/\bnew AppError\(\s*'([^']+)'/g)) {
      if (!codes.has(match[1]!)) codes.set(match[1]!, { path: file.path, line: lineAt(code, match.index) });
    }
  }
  return codes;
}

/** Codes in the first column of the table of docs/errors.md, with their lines. */
export function documentedCodes(document: SourceFile): Map<string, number> {
  const codes = new Map<string, number>();
  document.text.split('\n').forEach((line, at) => {
    const code = /^\|\s*`?([A-Z0-9_]+)`?\s*\|/.exec(line)?.[1];
    if (code !== undefined && CODE.test(code)) codes.set(code, at + 1);
  });
  return codes;
}

/**
 * Codes that the sources use and the document lacks, and the other way round. A documented code need not be
 * in a `new AppError(`: it is enough that the sources have it as a string.
 */
export function errorCodeFindings(sources: readonly SourceFile[], document: SourceFile): Finding[] {
  const used = errorCodesIn(sources);
  const documented = documentedCodes(document);
  const findings: Finding[] = [];
  for (const [code, { path, line }] of used) {
    if (!documented.has(code))
      findings.push({ path, line, advice: `throws ${code}: add a row for it to ${document.path}` });
  }
  const texts = sources.map(({ text }) => codeText(text, { strings: true })).join('\n');
  for (const [code, line] of documented) {
    const literal = new RegExp(`(?:['"\`]${code}['"\`]|\\b${code}:)`);
    if (!literal.test(texts))
      findings.push({ path: document.path, line, advice: `${code} is in no source: remove the row` });
  }
  return findings;
}

/** Rooms of src/ (folders) that docs/walk.md does not name as `room/`. */
export function roomFindings(sources: readonly SourceFile[], walk: SourceFile): Finding[] {
  const rooms = new Set(
    sources
      .map(({ path }) => path.split('/'))
      .filter((parts) => parts.length > 2)
      .map((parts) => parts[1]!),
  );
  return [...rooms]
    .filter((room) => !walk.text.includes(`\`${room}/\``))
    .map((room) => ({
      path: walk.path,
      line: 0,
      advice: `does not name the room \`${room}/\`: say what it is for`,
    }));
}

const METRIC_NAME = /^  (\w+): 'turnkeeper_/gm;
const METRIC_DECLARED = /^src\/(?:kernel\/metrics|adapters\/metrics\/)/;

/** Metrics that are declared and never reported: their zeros would be untrue. */
export function metricFindings(sources: readonly SourceFile[], names: SourceFile): Finding[] {
  const reporting = sources.filter(({ path }) => !METRIC_DECLARED.test(path)).map(({ text }) => text);
  return [...names.text.matchAll(METRIC_NAME)].flatMap(({ 1: name = '', index }) => {
    if (reporting.some((text) => new RegExp(`MetricName\\.${name}\\b`).test(text))) return [];
    return [{ path: names.path, line: lineAt(names.text, index), advice: `nobody reports ${name}` }];
  });
}
