import type { FlowFacts } from '../../src/ivr/flow-facts.ts';
import type {
  AgentChange,
  Booking,
  CallInMatch,
  CallInQuestion,
  FlowHost,
  MessageTaken,
  NumberScreening,
  Overflow,
  QueueEntry,
} from '../../src/ivr/flow-host.ts';

/** A host whose answers a test sets; records what the flow asked for. */
export class FakeFlowHost implements FlowHost {
  current: FlowFacts = {
    queue: 'sales',
    dialled: '18005550100',
    ani: '2125550147',
    open: true,
    pendingCallback: false,
    offerAllowed: true,
    immediateAllowed: true,
    scheduledAllowed: false,
    nowMs: Date.UTC(2026, 2, 2, 14),
    timeZone: 'America/New_York',
    bookableUntilMs: Date.UTC(2026, 3, 1, 14),
    twelveHourClock: true,
    ewtSec: 600,
    offerEwtThresholdSec: 120,
    announceIntervalSec: 30,
    announcePosition: true,
    announceWait: true,
    confirmTimeoutSec: 30,
    attemptCount: 0,
  };
  entry: QueueEntry = { kind: 'entered' };
  booking: () => Promise<Booking> = () => Promise.resolve({ kind: 'booked', callbackId: 'callback_1' });
  overflowAnswer: Overflow['kind'] = 'none';
  holdAnnouncements: string[] = [];
  message: MessageTaken = { kind: 'booked', callbackId: 'callback_2' };
  /** Resolves when the caller has fallen silent. */
  messageOver: Promise<unknown> = new Promise(() => undefined);
  /** What the next comparisons find; then nothing. */
  matches: CallInMatch[] = [];
  slotsLeft = 20;
  pendingAnswer: 'done' | 'too-late' = 'done';
  agentAnswer: 'done' | 'refused' = 'done';
  transferAnswer: 'transferred' | 'failed' = 'transferred';
  /** Everything asked for, in order: `enter`, `screen 2125550147`, `book +12125550147`, `offer made` … */
  readonly asked: string[] = [];
  readonly #taken = new AbortController();
  readonly #listeners = new Set<() => void>();

  get agentTaken(): AbortSignal {
    return this.#taken.signal;
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  takeByAgent(): void {
    this.#taken.abort();
  }

  change(facts: Partial<FlowFacts>): void {
    this.current = { ...this.current, ...facts };
    for (const listener of this.#listeners) listener();
  }

  facts(): FlowFacts {
    return this.current;
  }

  onFactsChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  enterQueue(): Promise<QueueEntry> {
    this.asked.push('enter');
    if (this.entry.kind === 'entered') this.current = { position: 4, ...this.current };
    return Promise.resolve(this.entry);
  }

  /** Ten digits are accepted; numbers beginning with 900 are not permitted; the rest is not valid. */
  screenNumber(digits: string): Promise<NumberScreening> {
    this.asked.push(`screen ${digits}`);
    if (digits.startsWith('900')) return Promise.resolve({ kind: 'refused', reason: 'not-permitted' });
    if (digits.length !== 10) return Promise.resolve({ kind: 'refused', reason: 'not-valid' });
    return Promise.resolve({ kind: 'accepted', number: `+1${digits}`, spoken: digits });
  }

  /** The first slot is the wish itself, each next one a quarter of an hour later, as long as any are left. */
  proposeSlot({ desiredAtMs, next }: { readonly desiredAtMs: number; readonly next: boolean }): Promise<{
    kind: 'found' | 'none';
  }> {
    this.asked.push(`${next ? 'next' : 'propose'} ${new Date(desiredAtMs).toISOString()}`);
    if (this.slotsLeft === 0) return Promise.resolve({ kind: 'none' });
    this.slotsLeft--;
    const before = this.current.slotAtMs ?? desiredAtMs;
    this.current = { ...this.current, slotAtMs: next ? before + 900_000 : desiredAtMs };
    return Promise.resolve({ kind: 'found' });
  }

  book(request: { readonly number: string; readonly inSlot: boolean }): Promise<Booking> {
    this.asked.push(`book ${request.number}`);
    if (request.inSlot) this.asked.push('in slot');
    return this.booking();
  }

  overflow(): Promise<Overflow> {
    this.asked.push('overflow');
    return Promise.resolve({ kind: this.overflowAnswer });
  }

  nextHoldAnnouncement(): string | undefined {
    const next = this.holdAnnouncements.shift();
    if (next !== undefined) this.holdAnnouncements.push(next);
    return next;
  }

  async takeMessage({ number, tone, finish }: Parameters<FlowHost['takeMessage']>[0]): Promise<MessageTaken> {
    this.asked.push(`message ${number}`);
    await tone();
    await Promise.race([
      this.messageOver,
      new Promise((resolve) => {
        finish.addEventListener('abort', resolve);
      }),
    ]);
    this.asked.push('message over');
    return this.message;
  }

  offerMade(event: 'made' | 'accepted' | 'declined'): void {
    this.asked.push(`offer ${event}`);
  }

  matchCallIn({ by, need, code }: CallInQuestion): Promise<CallInMatch> {
    this.asked.push(`match ${by.join('-')} (${need.join('-')}) ${code ?? 'without code'}`);
    return Promise.resolve(this.matches.shift() ?? { kind: 'none' });
  }

  pendingCallback(choice: 'take-place' | 'cancel'): Promise<{ kind: 'done' | 'too-late' }> {
    this.asked.push(`pending ${choice}`);
    return Promise.resolve({ kind: this.pendingAnswer });
  }

  changeAgent(change: AgentChange): Promise<{ kind: 'done' | 'refused' }> {
    this.asked.push(`agent ${change}`);
    return Promise.resolve({ kind: this.agentAnswer });
  }

  transfer(to: string): Promise<{ kind: 'transferred' | 'failed' }> {
    this.asked.push(`transfer ${to}`);
    return Promise.resolve({ kind: this.transferAnswer });
  }
}
