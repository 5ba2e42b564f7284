/**
 * A TypeScript text with comments blanked out, and with `strings: false` the contents of strings as well.
 * Lengths and lines stay, so offsets into the result are offsets into the source. Template literals count as
 * strings, but what stands in their `${…}` as code.
 */
export function codeText(source: string, { strings }: { strings: boolean }): string {
  const out = source.split('');
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to && i < out.length; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  // One entry for each `${` that is open: the depth of braces inside it.
  const templates: number[] = [];
  let at = 0;
  while (at < source.length) {
    const two = source.slice(at, at + 2);
    const one = source[at]!;
    let end = at + 1;
    if (two === '//') {
      end = indexOrEnd(source, '\n', at);
      blank(at, end);
    } else if (two === '/*') {
      end = indexOrEnd(source, '*/', at + 2) + 2;
      blank(at, end);
    } else if (one === "'" || one === '"') {
      end = endOfQuoted(source, at, one);
      if (!strings) blank(at + 1, end - 1);
    } else if (one === '/' && beginsRegularExpression(source, at)) {
      end = endOfRegularExpression(source, at);
      if (!strings) blank(at + 1, end - 1);
    } else if (one === '`' || (one === '}' && templates.at(-1) === 0)) {
      if (one === '}') templates.pop();
      end = endOfTemplatePart(source, at + 1);
      const opensCode = source.slice(end - 2, end) === '${';
      if (!strings) blank(at + 1, opensCode ? end - 2 : end - 1);
      if (opensCode) templates.push(0);
    } else if (templates.length > 0 && (one === '{' || one === '}')) {
      templates[templates.length - 1]! += one === '{' ? 1 : -1;
    }
    at = end;
  }
  return out.join('');
}

function indexOrEnd(source: string, what: string, from: number): number {
  const at = source.indexOf(what, from);
  return at < 0 ? source.length : at;
}

function endOfQuoted(source: string, at: number, quote: string): number {
  for (let i = at + 1; i < source.length; i++) {
    if (source[i] === '\\') i++;
    else if (source[i] === quote || source[i] === '\n') return i + 1;
  }
  return source.length;
}

function endOfTemplatePart(source: string, from: number): number {
  for (let i = from; i < source.length; i++) {
    if (source[i] === '\\') i++;
    else if (source[i] === '`') return i + 1;
    else if (source[i] === '$' && source[i + 1] === '{') return i + 2;
  }
  return source.length;
}

function endOfRegularExpression(source: string, at: number): number {
  let inClass = false;
  for (let i = at + 1; i < source.length; i++) {
    const one = source[i];
    if (one === '\\') i++;
    else if (one === '\n') return at + 1;
    else if (one === '[') inClass = true;
    else if (one === ']') inClass = false;
    else if (one === '/' && !inClass) return i + 1;
  }
  return source.length;
}

// A slash divides after a value; after an operator, an opening bracket or some keywords it begins a pattern.
function beginsRegularExpression(source: string, at: number): boolean {
  const before = source.slice(Math.max(0, at - 40), at).trimEnd();
  return (
    before === '' ||
    /[=(,:;!&|?{}[\n+*%<>~^-]$/.test(before) ||
    /\b(?:return|typeof|case|in|of)$/.test(before)
  );
}

/** What a module asks for: the text in its `from`, `import()` or `require()`, and where. */
export interface Import {
  readonly target: string;
  readonly offset: number;
}

/** Static, dynamic and type imports, re-exports and `require` calls of one TypeScript text. */
export function importsOf(source: string): Import[] {
  const code = codeText(source, { strings: true });
  const bare = codeText(source, { strings: false });
  const pattern = /\b(?:from|import|require|new URL)\s*\(?\s*(['"`])([^'"`\n]+)\1/g;
  return [...code.matchAll(pattern)]
    .filter((match) => /^(?:from|import|require|new)/.test(bare.slice(match.index)))
    .filter((match) => !match[0].startsWith('new') || match[2]!.startsWith('.'))
    .map((match) => ({ target: match[2]!, offset: match.index }));
}
