import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { effectivePriority, type PriorityAgeing, type Token } from '../../../src/queue/token.ts';
import { VirtualQueue } from '../../../src/queue/virtual-queue.ts';

const ageing: PriorityAgeing = { increment: 5, intervalMs: 10_000, limit: 100 };

let nowMs: number;
let line: VirtualQueue;

function token(subjectId: string, changes: Partial<Token> = {}): Token {
  const place = { queue: 'support', kind: 'call', subjectId, placeAtMs: nowMs } as const;
  return { ...place, priority: 0, confirmed: false, ...changes };
}

beforeEach(() => {
  nowMs = 1_000_000;
  line = new VirtualQueue('support', () => nowMs);
});

describe('effective priority', () => {
  it('grows by the increment for each full interval of age, up to the limit', () => {
    const old = token('a', { placeAtMs: 0, priority: 10 });
    expect(effectivePriority(old, ageing, 9999)).toBe(10);
    expect(effectivePriority(old, ageing, 10_000)).toBe(15);
    expect(effectivePriority(old, ageing, 10_000_000)).toBe(100);
  });

  it('leaves a token alone that began above the limit', () => {
    expect(effectivePriority(token('a', { placeAtMs: 0, priority: 500 }), ageing, 60_000)).toBe(500);
  });
});

describe('a line with ageing', () => {
  it('lets a token that waited long pass a younger one of higher priority, not before it has aged', () => {
    line.ageing = ageing;
    line.add(token('old'));
    nowMs += 5000;
    line.add(token('important', { priority: 10 }));
    expect(line.head()?.subjectId).toBe('important');
    expect(line.positionOf('old')).toBe(2);
    nowMs += 14_999;
    expect(line.head()?.subjectId).toBe('important');
    // 20 s of age make 10; both have 10 then, and the older is first until the other ages, too.
    nowMs += 1;
    expect(line.head()?.subjectId).toBe('important');
    nowMs = 1_000_000 + 30_000;
    line.add(token('new', { priority: 15 }));
    expect(line.head()?.subjectId).toBe('important');
    nowMs = 1_000_000 + 100 * 10_000;
    expect(line.head()?.subjectId).toBe('old');
    expect(line.positionOf('old')).toBe(1);
  });

  it('puts a confirmed customer before older callers of the same effective priority only', () => {
    line.ageing = ageing;
    line.add(token('old'));
    nowMs += 10_000;
    line.add(token('confirmed', { confirmed: true }));
    expect(line.head()?.subjectId).toBe('old');
    nowMs += 200_000;
    expect(line.head()?.subjectId).toBe('confirmed');
  });
});

describe('a line', () => {
  it('keeps the place of a held token and offers the next one', () => {
    line.add(token('a', { placeAtMs: 1 }));
    line.add(token('b', { placeAtMs: 2 }));
    line.hold('a');
    expect(line.head()?.subjectId).toBe('b');
    expect(line.positionOf('b')).toBe(2);
    line.release('a');
    expect(line.head()?.subjectId).toBe('a');
    expect(line.overtakeCount).toBe(0);
  });

  it('counts an overtake when an equal older token that could be served is passed', () => {
    line.add(token('a', { placeAtMs: 1 }));
    line.add(token('b', { placeAtMs: 2 }));
    line.hold('b', ({ subjectId }) => subjectId !== 'a');
    expect(line.overtakeCount).toBe(0);
    line.release('b');
    line.hold('b');
    expect(line.overtakeCount).toBe(1);
  });

  it('finds the first token of the ages that somebody may serve', () => {
    line.add(token('old', { placeAtMs: nowMs - 60_000 }));
    line.add(token('young', { placeAtMs: nowMs - 10_000 }));
    expect(line.firstFor({ ages: [{ fromMs: -Infinity, untilMs: 30_000 }] })?.subjectId).toBe('young');
    expect(line.firstFor({ ages: [{ fromMs: 30_000, untilMs: Infinity }] })?.subjectId).toBe('old');
    expect(line.firstFor({ ages: [{ fromMs: 20_000, untilMs: 50_000 }] })).toBeUndefined();
    expect(line.nextReaching(30_000)).toBe(nowMs + 20_000);
  });
});

type Step =
  | { readonly do: 'add'; readonly priority: number; readonly confirmed: boolean; readonly ageMs: number }
  | { readonly do: 'remove' | 'hold' | 'release'; readonly which: number }
  | { readonly do: 'wait'; readonly byMs: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('add' as const),
    priority: fc.constantFrom(0, 0, 10, 40),
    confirmed: fc.boolean(),
    ageMs: fc.integer({ min: 0, max: 200_000 }),
  }),
  fc.record({ do: fc.constantFrom('remove', 'hold', 'release'), which: fc.nat(40) }),
  fc.record({ do: fc.constant('wait' as const), byMs: fc.integer({ min: 0, max: 40_000 }) }),
);

/** The plain reading of the order: a list sorted anew at every look. */
class SortedList {
  places: { token: Token; held: boolean }[] = [];

  inOrder(): { token: Token; held: boolean }[] {
    const value = ({ token: { confirmed, placeAtMs, subjectId }, token: asked }: { token: Token }) =>
      [-effectivePriority(asked, ageing, nowMs), confirmed ? 0 : 1, placeAtMs, subjectId] as const;
    return this.places.toSorted((a, b) => {
      const [left, right] = [value(a), value(b)];
      const at = left.findIndex((part, index) => part !== right[index]);
      return at < 0 ? 0 : (left[at] as number) < (right[at] as number) ? -1 : 1;
    });
  }
}

describe('any history of a line', () => {
  it('has the order, positions and counts of a list that is sorted at every look', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        nowMs = 1_000_000;
        line = new VirtualQueue('support', () => nowMs);
        line.ageing = ageing;
        const list = new SortedList();
        let count = 0;
        for (const taken of steps) {
          if (taken.do === 'wait') nowMs += taken.byMs;
          else if (taken.do === 'add') {
            const { priority, confirmed, ageMs } = taken;
            const added = token(`call_${count++}`, { priority, confirmed, placeAtMs: nowMs - ageMs });
            line.add(added);
            list.places.push({ token: added, held: false });
          } else {
            const place = list.places[taken.which % Math.max(1, list.places.length)];
            if (!place) continue;
            const { subjectId } = place.token;
            if (taken.do === 'remove') {
              line.remove(subjectId);
              list.places = list.places.filter((other) => other !== place);
            } else if (taken.do === 'hold' && !place.held) {
              line.hold(subjectId);
              place.held = true;
            } else if (taken.do === 'release') {
              line.release(subjectId);
              place.held = false;
            }
          }
          const order = list.inOrder();
          expect(line.head()).toBe(order.find(({ held }) => !held)?.token);
          for (const [at, place] of order.entries()) {
            expect(line.positionOf(place.token.subjectId)).toBe(at + 1);
            expect(line.isHeld(place.token.subjectId)).toBe(place.held);
          }
          expect(line.freeCount).toBe(order.filter(({ held }) => !held).length);
        }
      }),
      { numRuns: 300 },
    );
  });
});
