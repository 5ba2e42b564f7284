/** How a skill level is compared. */
export type SkillComparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** A parsed skill expression (product §6). */
export type SkillExpression =
  | {
      readonly kind: 'level';
      readonly skill: string;
      readonly comparison: SkillComparison;
      readonly level: number;
    }
  | { readonly kind: 'not'; readonly operand: SkillExpression }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly SkillExpression[] };

/** The expression, or why it cannot be read and at which 1-based column. */
export type SkillParseOutcome =
  | { readonly kind: 'parsed'; readonly expression: SkillExpression }
  | { readonly kind: 'refused'; readonly column: number; readonly message: string };

/** Brackets and negations inside each other at most; bounds the recursion of parser and evaluator. */
const NESTING_MAX = 32;
const EXPRESSION_LENGTH_MAX = 500;
/** A longer operator comes before its own beginning. */
const COMPARISONS: readonly SkillComparison[] = ['!=', '<=', '>=', '=', '<', '>'];
const BARE_NAME = /[A-Za-z_][A-Za-z0-9._-]*/y;
const LEVEL = /[0-9]{1,4}/y;
const SPACE = /\s*/y;

/**
 * Reads a skill expression: `Skill("English") > 5 & Skill("Sales") >= 3 | !Skill("Trainee")` or the short
 * form `English>5&Sales>=3`. `!` binds tightest, then `&`, then `|`; round brackets group. A skill without a
 * comparison means a level above 0; an agent without the skill has level 0.
 */
export function parseSkillExpression(text: string): SkillParseOutcome {
  if (text.length > EXPRESSION_LENGTH_MAX) {
    return {
      kind: 'refused',
      column: EXPRESSION_LENGTH_MAX + 1,
      message: `longer than ${EXPRESSION_LENGTH_MAX} characters`,
    };
  }
  return new SkillParser(text).parse();
}

/** Whether an agent with these skill levels satisfies the expression. */
export function satisfiesSkills(
  expression: SkillExpression,
  skills: Readonly<Record<string, number>>,
): boolean {
  switch (expression.kind) {
    case 'level':
      return compare(levelOf(skills, expression.skill), expression.comparison, expression.level);
    case 'not':
      return !satisfiesSkills(expression.operand, skills);
    case 'and':
      return expression.operands.every((operand) => satisfiesSkills(operand, skills));
    case 'or':
      return expression.operands.some((operand) => satisfiesSkills(operand, skills));
    default:
      return expression satisfies never;
  }
}

/** The skills an expression names, each once, in order of appearance. */
export function skillsNamed(expression: SkillExpression): string[] {
  switch (expression.kind) {
    case 'level':
      return [expression.skill];
    case 'not':
      return skillsNamed(expression.operand);
    case 'and':
    case 'or':
      return [...new Set(expression.operands.flatMap(skillsNamed))];
    default:
      return expression satisfies never;
  }
}

/** The comparisons of an expression that are asked for: those under a negation are not. */
export function levelsNamed(expression: SkillExpression): Extract<SkillExpression, { kind: 'level' }>[] {
  switch (expression.kind) {
    case 'level':
      return [expression];
    case 'not':
      return [];
    case 'and':
    case 'or':
      return expression.operands.flatMap(levelsNamed);
    default:
      return expression satisfies never;
  }
}

function levelOf(skills: Readonly<Record<string, number>>, skill: string): number {
  // A skill may be called `constructor`: only what the agent was given counts.
  return Object.hasOwn(skills, skill) ? (skills[skill] ?? 0) : 0;
}

function compare(actual: number, comparison: SkillComparison, level: number): boolean {
  switch (comparison) {
    case '=':
      return actual === level;
    case '!=':
      return actual !== level;
    case '<':
      return actual < level;
    case '<=':
      return actual <= level;
    case '>':
      return actual > level;
    case '>=':
      return actual >= level;
    default:
      return comparison satisfies never;
  }
}

/** Leaves the recursion of the parser at the first thing that cannot be read; never leaves this file. */
class Unreadable extends Error {
  readonly column: number;

  constructor(at: number, message: string) {
    super(message);
    this.column = at + 1;
  }
}

class SkillParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): SkillParseOutcome {
    try {
      const expression = this.#joined('or', 0);
      if (this.#at < this.#text.length) {
        throw new Unreadable(this.#at, `expected "&", "|" or the end, found ${this.#found()}`);
      }
      return { kind: 'parsed', expression };
    } catch (error) {
      if (error instanceof Unreadable) {
        return { kind: 'refused', column: error.column, message: error.message };
      }
      throw error;
    }
  }

  #joined(kind: 'or' | 'and', depth: number): SkillExpression {
    const operand = (): SkillExpression =>
      kind === 'or' ? this.#joined('and', depth) : this.#operand(depth);
    const operands = [operand()];
    while (this.#take(kind === 'or' ? '|' : '&')) operands.push(operand());
    const [only] = operands;
    return operands.length === 1 && only ? only : { kind, operands };
  }

  #operand(depth: number): SkillExpression {
    if (depth > NESTING_MAX) throw new Unreadable(this.#at, `nested deeper than ${NESTING_MAX}`);
    if (this.#take('!')) return { kind: 'not', operand: this.#operand(depth + 1) };
    if (this.#take('(')) {
      const inside = this.#joined('or', depth + 1);
      if (!this.#take(')')) throw new Unreadable(this.#at, `expected ")", found ${this.#found()}`);
      return inside;
    }
    return this.#level();
  }

  #level(): SkillExpression {
    const skill = this.#skillName();
    const comparison = COMPARISONS.find((candidate) => this.#take(candidate));
    if (!comparison) return { kind: 'level', skill, comparison: '>', level: 0 };
    const digits = this.#match(LEVEL);
    if (digits === undefined) throw new Unreadable(this.#at, `expected a level, found ${this.#found()}`);
    return { kind: 'level', skill, comparison, level: Number(digits) };
  }

  #skillName(): string {
    this.#match(SPACE);
    const start = this.#at;
    const word = this.#match(BARE_NAME);
    if (word === undefined) {
      throw new Unreadable(start, `expected a skill, "!" or "(", found ${this.#found()}`);
    }
    if (word !== 'Skill' || !this.#take('(')) return word;
    if (!this.#take('"')) throw new Unreadable(this.#at, `expected a name in quotes, found ${this.#found()}`);
    const end = this.#text.indexOf('"', this.#at);
    if (end < 0) throw new Unreadable(this.#at, 'the quote is not closed');
    const name = this.#text.slice(this.#at, end);
    if (name.trim() === '') throw new Unreadable(this.#at, 'the name of the skill is empty');
    this.#at = end + 1;
    if (!this.#take(')')) throw new Unreadable(this.#at, `expected ")", found ${this.#found()}`);
    return name;
  }

  /** Takes `symbol` and the space around it, when it comes next. */
  #take(symbol: string): boolean {
    this.#match(SPACE);
    if (!this.#text.startsWith(symbol, this.#at)) return false;
    this.#at += symbol.length;
    // A quoted name keeps its own space.
    if (symbol !== '"') this.#match(SPACE);
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #found(): string {
    const code = this.#text.codePointAt(this.#at);
    return code === undefined ? 'the end' : `"${String.fromCodePoint(code)}"`;
  }
}
