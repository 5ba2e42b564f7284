/** What a trace follows. */
export type TraceSubject =
  /** One call by our id, or every call of one callback. */
  | { readonly kind: 'call'; readonly callId: string }
  | { readonly kind: 'callback'; readonly callbackId: string }
  /** Calls whose From or To has this number (digits, optional +). */
  | { readonly kind: 'number'; readonly number: string };

/** A trace without its messages. */
export interface TraceView {
  readonly id: string;
  readonly subject: TraceSubject;
  readonly startedAtMs: number;
  /** When it ends by itself. */
  readonly endsAtMs: number;
  readonly messageCount: number;
}

/** One SIP message as it passed; passwords, digests and Authorization values removed by the tracer. */
export interface TracedMessage {
  readonly atMs: number;
  readonly direction: 'in' | 'out';
  /** `udp/192.0.2.1:5060`. */
  readonly peer: string;
  readonly text: string;
}

/** SIP trace on demand, implemented beside the SIP adapter. Traces live in memory and have limits. */
export interface CallTracing {
  /** Starts a trace; `too-many` when as many as `max` run already. */
  traceCall(request: {
    readonly subject: TraceSubject;
    readonly durationMs: number;
    readonly messagesMax: number;
  }):
    | { readonly kind: 'started'; readonly trace: TraceView }
    | { readonly kind: 'too-many'; readonly max: number };
  /** Newest first. */
  traces(): readonly TraceView[];
  findTrace(
    id: string,
  ): { readonly trace: TraceView; readonly messages: readonly TracedMessage[] } | undefined;
}
