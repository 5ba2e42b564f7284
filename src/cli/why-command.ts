import type { Output } from './configuration-commands.ts';
import type { CallbackStory, Operator } from './operator.ts';

/** Fields of a decision record that are told in a line of their own. */
const TOLD_APART = new Set([
  'atMs',
  'rule',
  'strategy',
  'order',
  'choice',
  'candidates',
  'candidateCount',
  'queue',
]);

/**
 * `turnkeeper why CALLBACK`: every change of one callback with who and when, and with each decision of the
 * router whom it compared, by what, and whom it chose. @returns the exit code: 0 told, 1 there is no such
 * callback.
 */
export async function whyCommand(operator: Operator, output: Output, id: string): Promise<number> {
  const story = await operator.findStory(id);
  if (!story) {
    output.error(`there is no callback ${id}`);
    return 1;
  }
  output.line(
    `${story.id} on ${story.virtualQueue}: ${story.state}${story.reason === null ? '' : ` (${story.reason})`}`,
  );
  for (const event of story.events) for (const line of eventLines(event)) output.line(line);
  return 0;
}

function eventLines({ at, kind, actor, state, subState, data }: CallbackStory['events'][number]): string[] {
  const place = subState === null ? state : `${state}/${subState}`;
  const { why, effects: _, ...rest } = data;
  const by = actor.id === null ? actor.kind : `${actor.kind}:${actor.id}`;
  const facts = factsOf(rest);
  return [
    `${at}  ${kind.padEnd(20)} → ${place.padEnd(28)} by ${by}${facts === '' ? '' : `  ${facts}`}`,
    ...whyLines(why),
  ];
}

function whyLines(why: unknown): string[] {
  if (typeof why !== 'object' || why === null) return [];
  const record = why as Record<string, unknown>;
  const { rule, strategy, order, choice, candidates, candidateCount } = record;
  const list = Array.isArray(candidates) ? (candidates as Record<string, unknown>[]) : [];
  const rest = factsOf(Object.fromEntries(Object.entries(record).filter(([key]) => !TOLD_APART.has(key))));
  return [
    `      why: ${text(rule)} (${text(strategy)}), ordered by ${text(order)}, chose ${choice === null ? 'nobody' : text(choice)}`,
    ...list.map((candidate, index) => {
      const name = text(candidate['agentId'] ?? candidate['subjectId']);
      return `        ${index + 1}. ${name}  ${text(candidate['value'])}`;
    }),
    ...(Number(candidateCount) > list.length ? [`        … of ${text(candidateCount)}`] : []),
    ...(rest === '' ? [] : [`        ${rest}`]),
  ];
}

function factsOf(data: Readonly<Record<string, unknown>>): string {
  return Object.entries(data)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => `${key}=${text(value)}`)
    .join(' ');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
