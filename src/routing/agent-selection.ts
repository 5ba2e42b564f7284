import type { QueueSettings } from '../callback/queue-settings.ts';
import { type SkillExpression, levelsNamed, skillsNamed } from './skill-expression.ts';

/** Which of several ready agents is chosen (product §6). */
export type AgentSelection = QueueSettings['agentSelection'];

/** Skill levels of an agent by name. */
export type Skills = Readonly<Record<string, number>>;

/** One skill too many weighs more than any level too high. */
const SKILL_WEIGHT = 1_000_000;

/**
 * How much more an agent can do than the expression asks: `most-specific` chooses the smallest. Skills that
 * the expression does not name count first; with equally many, the levels above what `>`, `>=` and `=` ask
 * for are added up. Specialists are chosen before generalists, who stay free for what only they can do.
 */
export function surplusSkills(expression: SkillExpression, skills: Skills): number {
  const named = new Set(skillsNamed(expression));
  let surplus = 0;
  for (const [skill, level] of Object.entries(skills)) {
    if (level > 0 && !named.has(skill)) surplus += SKILL_WEIGHT;
  }
  for (const { skill, comparison, level } of levelsNamed(expression)) {
    const actual = Object.hasOwn(skills, skill) ? (skills[skill] ?? 0) : 0;
    const asked = comparison === '>' ? level + 1 : level;
    const isAsked = comparison === '>' || comparison === '>=' || comparison === '=';
    if (isAsked && actual > asked) surplus += actual - asked;
  }
  return surplus;
}
