import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One text file of the project, its path from the root with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** One thing that is not in order: where, and what to do about it. */
export interface Finding {
  readonly path: string;
  /** 1-based; 0 when it is about the whole file. */
  readonly line: number;
  readonly advice: string;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BINARY = /\.(?:wav|raw|png|ico|pcap|gz|woff2?)$/;

let cached: SourceFile[] | undefined;

/** Every text file that git tracks or would track. */
export function projectFiles(): SourceFile[] {
  if (cached !== undefined) return cached;
  const listing = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
  const paths = [...new Set(listing.split('\0'))].filter((path) => path !== '' && !BINARY.test(path)).sort();
  cached = paths
    .filter((path) => existsSync(join(ROOT, path)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
  return cached;
}

/** The files whose paths match, of the whole project unless `files` are given. */
export function filesMatching(pattern: RegExp, files: readonly SourceFile[] = projectFiles()): SourceFile[] {
  return files.filter(({ path }) => pattern.test(path));
}

/** Findings as lines that an editor can open. */
export function told(findings: readonly Finding[]): string[] {
  return findings.map(({ path, line, advice }) => `${path}${line === 0 ? '' : `:${line}`} ${advice}`);
}

/** 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** A finding for each match of a global pattern. */
export function matchesOf(
  file: SourceFile,
  text: string,
  pattern: RegExp,
  advice: (match: string) => string,
): Finding[] {
  return [...text.matchAll(pattern)].map((match) => ({
    path: file.path,
    line: lineAt(text, match.index),
    advice: advice(match[0].trim()),
  }));
}
