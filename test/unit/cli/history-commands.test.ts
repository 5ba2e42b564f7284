import { describe, expect, it } from 'vitest';
import type { CallbackStory, Operator } from '../../../src/cli/operator.ts';
import { replayCommand } from '../../../src/cli/replay-command.ts';
import { whyCommand } from '../../../src/cli/why-command.ts';
import type { ReplayOutcome } from '../../../src/callback/replay.ts';

function output(): { lines: string[]; line: (text: string) => void; error: (text: string) => void } {
  const lines: string[] = [];
  return { lines, line: (text) => void lines.push(text), error: (text) => void lines.push(`! ${text}`) };
}

const story: CallbackStory = {
  id: 'callback_1',
  virtualQueue: 'support',
  state: 'ROUTING',
  reason: null,
  events: [
    {
      at: '2026-03-02T08:00:00.000Z',
      kind: 'DIAL_GRANTED',
      actor: { kind: 'system', id: 'router' },
      state: 'ROUTING',
      subState: 'dialing',
      data: {
        agentId: 'a1',
        effects: [{ type: 'dial' }],
        why: {
          rule: 'agent-backs-dial',
          strategy: 'customer-first',
          order: 'longest idle',
          choice: 'a1',
          candidates: [
            { agentId: 'a1', value: 'idle 90 s' },
            { agentId: 'a2', value: 'idle 20 s' },
          ],
          candidateCount: 12,
        },
      },
    },
  ],
};

describe('turnkeeper why', () => {
  const operator = (found: CallbackStory | undefined): Operator =>
    ({ findStory: () => Promise.resolve(found) }) as unknown as Operator;

  it('tells each event with who, and the candidates of each decision', async () => {
    const out = output();
    expect(await whyCommand(operator(story), out, 'callback_1')).toBe(0);
    expect(out.lines.join('\n')).toContain('callback_1 on support: ROUTING');
    expect(out.lines.join('\n')).toMatch(/DIAL_GRANTED +→ ROUTING\/dialing +by system:router {2}agentId=a1/);
    expect(out.lines.join('\n')).toContain(
      'agent-backs-dial (customer-first), ordered by longest idle, chose a1',
    );
    expect(out.lines.map((line) => line.trim())).toContain('2. a2  idle 20 s');
    expect(out.lines.map((line) => line.trim())).toContain('… of 12');
  });

  it('ends with 1 for a callback that nobody knows', async () => {
    const out = output();
    expect(await whyCommand(operator(undefined), out, 'callback_2')).toBe(1);
    expect(out.lines).toEqual(['! there is no callback callback_2']);
  });
});

describe('turnkeeper replay', () => {
  const outcomes: Record<string, ReplayOutcome> = {
    good: { kind: 'same', eventCount: 9 },
    bad: {
      kind: 'differs',
      event: 4,
      eventKind: 'ANSWERED',
      atMs: 1,
      field: 'subState',
      recorded: 'confirming',
      replayed: 'detecting',
    },
    old: { kind: 'incomplete', message: 'the history does not begin with a CREATED event' },
  };
  const operator = { replay: (id: string) => Promise.resolve(outcomes[id]) } as unknown as Operator;

  it('ends with 0 when every history ends in the recorded state', async () => {
    const out = output();
    expect(await replayCommand(operator, out, ['good', 'good'])).toBe(0);
    expect(out.lines).toEqual(['good: 9 events, same', 'good: 9 events, same']);
  });

  it('goes through all of them, tells each difference and ends with 1', async () => {
    const out = output();
    expect(await replayCommand(operator, out, ['bad', 'old', 'none', 'good'])).toBe(1);
    expect(out.lines).toEqual([
      '! bad: event 4 (ANSWERED): subState differs: recorded "confirming", replayed "detecting"',
      '! old: the history does not begin with a CREATED event',
      '! none: there is no such callback',
      'good: 9 events, same',
    ]);
  });
});
