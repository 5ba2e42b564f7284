import { beforeEach, describe, expect, it } from 'vitest';
import { AgentFeed, type WorkspaceEvent } from '../../../src/application/workspace/agent-feed.ts';
import { AgentFeeds } from '../../../src/application/workspace/agent-feeds.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { FakeCallDesk } from '../../fakes/fake-call-desk.ts';

const call = new FakeCallDesk().begin('call_00000001', ['alice']);
const event: WorkspaceEvent = { type: 'call', call };
const TEN_MINUTES_MS = 600_000;

function feedOf(eventCount: number, each: WorkspaceEvent = event): AgentFeed {
  const feed = new AgentFeed('feed_1');
  for (let at = 0; at < eventCount; at++) feed.publish(at, null, each);
  return feed;
}

const seqs = (feed: AgentFeed, after: number, limit = 1000): number[] | undefined =>
  feed.after(after, limit)?.map(({ seq }) => seq);

describe('a feed', () => {
  it('gives what came after a number, in order and up to a limit', () => {
    const feed = feedOf(5);
    expect(seqs(feed, 0)).toEqual([1, 2, 3, 4, 5]);
    expect(seqs(feed, 3)).toEqual([4, 5]);
    expect(seqs(feed, 1, 2)).toEqual([2, 3]);
    expect(seqs(feed, 5)).toEqual([]);
    expect(seqs(feedOf(0), 0)).toEqual([]);
  });

  it('says so when something in between is kept no longer, or was never', () => {
    const feed = feedOf(502);
    expect(seqs(feed, 1)).toBeUndefined();
    expect(seqs(feed, 2)).toHaveLength(500);
    expect(seqs(feed, 503)).toBeUndefined();
    expect(seqs(feed, -1)).toBeUndefined();
  });

  it('keeps no more than a million characters, but always the last event', () => {
    const long = { ...call, virtualQueue: 'x'.repeat(300_000) };
    const feed = feedOf(5, { type: 'call', call: long });
    expect(seqs(feed, 2)).toEqual([3, 4, 5]);
    expect(seqs(feed, 1)).toBeUndefined();
    const huge = { ...call, virtualQueue: 'x'.repeat(2_000_000) };
    feed.publish(0, null, { type: 'call', call: huge });
    expect(seqs(feed, 5)).toEqual([6]);
  });

  it('calls its listeners after each event, and those who left no more', () => {
    const feed = feedOf(0);
    let count = 0;
    const stop = feed.listen(() => count++);
    feed.publish(0, null, event);
    stop();
    feed.publish(0, null, event);
    expect(count).toBe(1);
  });
});

describe('the feeds of agents', () => {
  let clock: SimulatedClock;
  let feeds: AgentFeeds;
  beforeEach(() => {
    clock = new SimulatedClock();
    feeds = new AgentFeeds(clock, new IdSource(clock, new SeededRandom(1)));
  });

  it('begin when somebody asks; events before that are of no feed', () => {
    feeds.publish('alice', null, event);
    expect(feeds.has('alice')).toBe(false);
    expect(feeds.of('alice').seq).toBe(0);
    feeds.publish('alice', null, event);
    feeds.publish('bob', null, event);
    expect(feeds.of('alice').seq).toBe(1);
  });

  it('go on for ten minutes after the last screen closed, then begin anew with another id', () => {
    const watch = feeds.watch('alice', () => undefined)!;
    const { id } = watch.feed;
    clock.advance(TEN_MINUTES_MS * 2);
    watch.close();
    clock.advance(TEN_MINUTES_MS - 1);
    expect(feeds.of('alice').id).toBe(id);
    clock.advance(1);
    expect(feeds.has('alice')).toBe(false);
    expect(feeds.of('alice').id).not.toBe(id);
  });

  it('leave no timer behind when they are closed', () => {
    feeds.of('alice');
    feeds.watch('bob', () => undefined)?.close();
    feeds.close();
    expect(clock.pendingCount).toBe(0);
  });
});
