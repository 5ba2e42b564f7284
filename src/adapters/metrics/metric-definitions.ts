import { MetricName } from '../../kernel/metrics.ts';

/** How one metric is declared to Prometheus. */
export type MetricDefinition = {
  readonly name: MetricName;
  readonly help: string;
  readonly labels: readonly string[];
} & (
  | { readonly kind: 'counter' }
  | { readonly kind: 'gauge' }
  /** Upper bounds of the buckets, seconds. */
  | { readonly kind: 'histogram'; readonly buckets: readonly number[] }
);

/** Dense around the targets of product §10: p50 ≤ 10 ms, p99 ≤ 50 ms. */
const LATENCY_BUCKETS = [
  0.001, 0.0025, 0.005, 0.0075, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5,
] as const;
const TRANSACTION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5] as const;
const REQUEST_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30] as const;

/** One row for every {@link MetricName}; checked by a test. */
export const metricDefinitions: readonly MetricDefinition[] = [
  {
    name: MetricName.callsTotal,
    kind: 'counter',
    help: 'Calls ended, by direction, source and outcome',
    labels: ['direction', 'source', 'outcome'],
  },
  {
    name: MetricName.callsRefusedTotal,
    kind: 'counter',
    help: 'Calls refused before they were answered, by reason',
    labels: ['reason'],
  },
  {
    name: MetricName.telephonyEventsTotal,
    kind: 'counter',
    help: 'What telephony did or refused beside calls, by event and detail',
    labels: ['event', 'detail'],
  },
  { name: MetricName.callsActive, kind: 'gauge', help: 'Calls up now', labels: ['direction'] },
  {
    name: MetricName.callbacksCreatedTotal,
    kind: 'counter',
    help: 'Callbacks created, by queue and origin',
    labels: ['queue', 'origin'],
  },
  {
    name: MetricName.callbacksCompletedTotal,
    kind: 'counter',
    help: 'Callbacks completed, by queue and reason',
    labels: ['queue', 'reason'],
  },
  {
    name: MetricName.callbacksOpen,
    kind: 'gauge',
    help: 'Open callbacks now, by queue and state',
    labels: ['queue', 'state'],
  },
  {
    name: MetricName.attemptsTotal,
    kind: 'counter',
    help: 'Attempts ended, by dial result',
    labels: ['result'],
  },
  {
    name: MetricName.callProgressTotal,
    kind: 'counter',
    help: 'Attempts listened to, by what was heard',
    labels: ['verdict'],
  },
  {
    name: MetricName.queueWaiting,
    kind: 'gauge',
    help: 'Tokens waiting now, by queue and kind',
    labels: ['queue', 'kind'],
  },
  {
    name: MetricName.queueEwtSeconds,
    kind: 'gauge',
    help: 'Estimated wait of somebody who joins now; -1 when nothing can be known',
    labels: ['queue'],
  },
  {
    name: MetricName.queueOvertakes,
    kind: 'gauge',
    help: 'Equal tokens served out of order; anything but 0 is a defect',
    labels: ['queue'],
  },
  { name: MetricName.agents, kind: 'gauge', help: 'Agents now, by state', labels: ['state'] },
  {
    name: MetricName.readyToInviteSeconds,
    kind: 'histogram',
    help: 'From an agent becoming ready to the INVITE handed to the SIP server',
    labels: [],
    buckets: LATENCY_BUCKETS,
  },
  {
    name: MetricName.transactionSeconds,
    kind: 'histogram',
    help: 'From asking for a storage transaction until it was on disk, by turn: prompt (telephony), patient (programs)',
    labels: ['turn'],
    buckets: TRANSACTION_BUCKETS,
  },
  {
    name: MetricName.diskWaitSeconds,
    kind: 'histogram',
    help: 'What a commit, of one or more transactions, waited for the disk',
    labels: [],
    buckets: TRANSACTION_BUCKETS,
  },
  {
    name: MetricName.httpRequestSeconds,
    kind: 'histogram',
    help: 'Duration of an HTTP request, by method, route and class of status',
    labels: ['method', 'route', 'status'],
    buckets: REQUEST_BUCKETS,
  },
  {
    name: MetricName.embeddedRestartsTotal,
    kind: 'counter',
    help: 'Embedded servers restarted after a failure',
    labels: ['server'],
  },
];
