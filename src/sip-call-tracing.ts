import type { SipTrace } from './adapters/drachtio/sip-trace.ts';
import type { CallTracing, TracedMessage, TraceSubject, TraceView } from './adapters/http/call-tracing.ts';
import type { Clock } from './kernel/clock.ts';

/** Traces running or kept at once; bounds memory. */
const TRACES_MAX = 20;

type RunningTrace = {
  readonly view: TraceView;
  readonly messagesMax: number;
  readonly filterKey: TraceFilter;
};
type TraceFilter = Parameters<SipTrace['enable']>[0];

export interface SipCallTracingOptions {
  readonly trace: SipTrace;
  readonly clock: Clock;
  /** SIP Call-ID of a call in progress by our id. */
  readonly sipCallIdOf: (callId: string) => string | undefined;
  /** The number of an open callback's customer. */
  readonly numberOf: (callbackId: string) => string | undefined;
}

/** SIP traces as the HTTP API offers them, over the recorder of the SIP adapter. */
export class SipCallTracing implements CallTracing {
  readonly #options: SipCallTracingOptions;
  readonly #traces: RunningTrace[] = [];
  #count = 0;

  constructor(options: SipCallTracingOptions) {
    this.#options = options;
  }

  traceCall(request: {
    readonly subject: TraceSubject;
    readonly durationMs: number;
    readonly messagesMax: number;
  }): ReturnType<CallTracing['traceCall']> {
    const nowMs = this.#options.clock.nowMs();
    if (this.#traces.filter(({ view }) => view.endsAtMs > nowMs).length >= TRACES_MAX) {
      return { kind: 'too-many', max: TRACES_MAX };
    }
    const filterKey = this.#filterOf(request.subject);
    this.#options.trace.enable(filterKey, request.durationMs);
    this.#count++;
    const view: TraceView = {
      id: `trace_${nowMs.toString(36)}_${this.#count}`,
      subject: request.subject,
      startedAtMs: nowMs,
      endsAtMs: nowMs + request.durationMs,
      messageCount: 0,
    };
    this.#traces.unshift({ view, messagesMax: request.messagesMax, filterKey });
    this.#traces.splice(TRACES_MAX);
    return { kind: 'started', trace: view };
  }

  traces(): readonly TraceView[] {
    return this.#traces.map((trace) => ({ ...trace.view, messageCount: this.#messages(trace).length }));
  }

  findTrace(
    id: string,
  ): { readonly trace: TraceView; readonly messages: readonly TracedMessage[] } | undefined {
    const found = this.#traces.find(({ view }) => view.id === id);
    if (!found) return undefined;
    const messages = this.#messages(found);
    return { trace: { ...found.view, messageCount: messages.length }, messages };
  }

  #filterOf(subject: TraceSubject): TraceFilter {
    if (subject.kind === 'number') return { kind: 'number', number: subject.number };
    if (subject.kind === 'callback') {
      return { kind: 'number', number: this.#options.numberOf(subject.callbackId) ?? subject.callbackId };
    }
    return { kind: 'call', sipCallId: this.#options.sipCallIdOf(subject.callId) ?? subject.callId };
  }

  #messages({ view, messagesMax, filterKey }: RunningTrace): TracedMessage[] {
    const { trace } = this.#options;
    const sipCallIds = filterKey.kind === 'call' ? [filterKey.sipCallId] : trace.calls();
    return sipCallIds
      .flatMap((sipCallId) => [...trace.messages(sipCallId)])
      .filter(({ atMs }) => atMs >= view.startedAtMs && atMs <= view.endsAtMs)
      .sort((a, b) => a.atMs - b.atMs)
      .slice(0, messagesMax)
      .map(({ direction, ...message }) => ({
        ...message,
        direction: direction === 'received' ? 'in' : 'out',
      }));
  }
}
