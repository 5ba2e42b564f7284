/**
 * Every metric of the product; the HTTP adapter's registry declares help, labels and buckets for each
 * (adapters/metrics).
 */
export const MetricName = {
  /**
   * Calls ended. Labels: direction (`inbound`, `outbound`), source (`trunk`, `agent`), outcome (a
   * TerminationBucket).
   */
  callsTotal: 'turnkeeper_calls_total',
  /** Calls refused before they were answered. Labels: reason. */
  callsRefusedTotal: 'turnkeeper_calls_refused_total',
  /**
   * What telephony did or refused beside calls. Labels: event (for example `registrations_refused`), detail.
   */
  telephonyEventsTotal: 'turnkeeper_telephony_events_total',
  /** Calls up now. Labels: direction. */
  callsActive: 'turnkeeper_calls_active',
  /** Callbacks created. Labels: queue, origin (`ivr`, `api`). */
  callbacksCreatedTotal: 'turnkeeper_callbacks_created_total',
  /** Callbacks completed. Labels: queue, reason (a CallbackReason). */
  callbacksCompletedTotal: 'turnkeeper_callbacks_completed_total',
  /** Open callbacks now. Labels: queue, state. */
  callbacksOpen: 'turnkeeper_callbacks_open',
  /** Attempts ended. Labels: result (a DialResult). */
  attemptsTotal: 'turnkeeper_attempts_total',
  /**
   * Attempts listened to, by what was heard. Labels: verdict (a ProgressVerdict, `undecided`, or `not-heard`:
   * the media server cannot be listened to).
   */
  callProgressTotal: 'turnkeeper_call_progress_total',
  /** Tokens waiting now. Labels: queue, kind (`call`, `callback`). */
  queueWaiting: 'turnkeeper_queue_waiting',
  /** Estimated wait of somebody joining now, seconds; −1 unknown. Labels: queue. */
  queueEwtSeconds: 'turnkeeper_queue_ewt_seconds',
  /** Equal tokens overtaken; stays 0. Labels: queue. */
  queueOvertakes: 'turnkeeper_queue_overtakes',
  /** Agents now. Labels: state (an AgentState). */
  agents: 'turnkeeper_agents',
  /** Seconds from "agent ready" to the INVITE handed to the SIP server. */
  readyToInviteSeconds: 'turnkeeper_ready_to_invite_seconds',
  /**
   * Seconds from asking for a storage transaction until it was on disk; those that failed are not in it.
   * Labels: turn (`prompt`: telephony, `patient`: programs).
   */
  transactionSeconds: 'turnkeeper_transaction_seconds',
  /** Seconds that one commit, of one or more transactions, waited for the disk. */
  diskWaitSeconds: 'turnkeeper_disk_wait_seconds',
  /** Seconds to answer an HTTP request. Labels: method, route, status (`2xx`…`5xx`). */
  httpRequestSeconds: 'turnkeeper_http_request_seconds',
  /** Embedded servers restarted after a failure. Labels: server (`sip`, `media`). */
  embeddedRestartsTotal: 'turnkeeper_embedded_restarts_total',
} as const;
export type MetricName = (typeof MetricName)[keyof typeof MetricName];

/** Label names and values; each metric takes exactly the labels its comment lists. */
export type MetricLabels = Readonly<Record<string, string>>;

/** Figures as rooms report them. Never throws: a wrong label is dropped and logged once, work goes on. */
export interface Metrics {
  /** Adds `by` (default 1) to a counter. */
  count(name: MetricName, labels?: MetricLabels, by?: number): void;
  /** Puts one value into a histogram; seconds for durations. */
  observe(name: MetricName, value: number, labels?: MetricLabels): void;
  /** Sets a gauge. */
  set(name: MetricName, value: number, labels?: MetricLabels): void;
}

/** Forgets everything; for tests and tools. */
export const silentMetrics: Metrics = {
  count: () => undefined,
  observe: () => undefined,
  set: () => undefined,
};
