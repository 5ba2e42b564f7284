import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Log } from '../../kernel/log.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { MetricLabels, MetricName, Metrics } from '../../kernel/metrics.ts';
import { metricDefinitions } from './metric-definitions.ts';
import type { MetricDefinition } from './metric-definitions.ts';

/**
 * Different label combinations of one metric; bounds the memory a hostile or mistaken label value can take.
 */
const SERIES_MAX = 2000;
/** What a label value becomes when its metric holds {@link SERIES_MAX} combinations already. */
const OVERFLOW_LABEL = 'other';
const LABEL_CHARACTERS_MAX = 64;

type Instrument = Counter | Gauge | Histogram;

/** What the process is; becomes the labels of `turnkeeper_build_info`. */
export interface BuildInfo {
  readonly version: string;
  /** `embedded` or `external`: whose SIP and media servers are used. */
  readonly telephony: string;
}

/**
 * The {@link Metrics} port over prom-client, in a registry of its own, with the process's figures beside ours
 * (event loop lag, memory, garbage collection). Never throws from count, observe and set.
 */
export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #instruments = new Map<MetricName, Instrument>();
  readonly #series = new Map<MetricName, Set<string>>();
  readonly #warned = new Set<MetricName>();
  readonly #log: Log;

  constructor(build: BuildInfo, log: Log) {
    this.#log = log;
    for (const definition of metricDefinitions) {
      this.#instruments.set(definition.name, instrumentOf(definition, this.#registry));
      this.#series.set(definition.name, new Set());
    }
    const info = new Gauge({
      name: 'turnkeeper_build_info',
      help: 'What runs here; always 1',
      labelNames: ['version', 'telephony', 'node'],
      registers: [this.#registry],
    });
    info.set({ version: build.version, telephony: build.telephony, node: process.version }, 1);
    collectDefaultMetrics({ register: this.#registry });
  }

  count(name: MetricName, labels: MetricLabels = {}, by = 1): void {
    this.#guarded(name, labels, (instrument, limited) => {
      if (instrument instanceof Counter) instrument.inc(limited, by);
      else throw new TypeError(`${name} is not a counter`);
    });
  }

  observe(name: MetricName, value: number, labels: MetricLabels = {}): void {
    this.#guarded(name, labels, (instrument, limited) => {
      if (instrument instanceof Histogram) instrument.observe(limited, value);
      else throw new TypeError(`${name} is not a histogram`);
    });
  }

  set(name: MetricName, value: number, labels: MetricLabels = {}): void {
    this.#guarded(name, labels, (instrument, limited) => {
      if (instrument instanceof Gauge) instrument.set(limited, value);
      else throw new TypeError(`${name} is not a gauge`);
    });
  }

  /**
   * Forgets a gauge's series before it is written anew, so that a deleted queue does not stay at its last
   * value.
   */
  clear(name: MetricName): void {
    this.#instruments.get(name)?.reset();
    this.#series.get(name)?.clear();
  }

  /** Everything in the Prometheus text format. */
  async render(): Promise<{ contentType: string; text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #guarded(
    name: MetricName,
    labels: MetricLabels,
    work: (instrument: Instrument, labels: Record<string, string>) => void,
  ): void {
    try {
      const instrument = this.#instruments.get(name);
      if (!instrument) throw new RangeError(`${name} is not defined`);
      work(instrument, this.#limited(name, labels));
    } catch (error) {
      // One line a metric: a mistake in a label must not fill the log at call rate.
      if (this.#warned.has(name)) return;
      this.#warned.add(name);
      this.#log.warn({ metric: name, reason: messageOf(error) }, 'metric dropped');
    }
  }

  #limited(name: MetricName, labels: MetricLabels): Record<string, string> {
    const limited: Record<string, string> = {};
    for (const [label, value] of Object.entries(labels))
      limited[label] = value.slice(0, LABEL_CHARACTERS_MAX);
    const series = this.#series.get(name);
    const key = JSON.stringify(limited);
    if (!series || series.has(key)) return limited;
    if (series.size < SERIES_MAX) {
      series.add(key);
      return limited;
    }
    for (const label of Object.keys(limited)) limited[label] = OVERFLOW_LABEL;
    return limited;
  }
}

function instrumentOf(definition: MetricDefinition, registry: Registry): Instrument {
  const common = {
    name: definition.name,
    help: definition.help,
    labelNames: [...definition.labels],
    registers: [registry],
  };
  switch (definition.kind) {
    case 'counter':
      return new Counter(common);
    case 'gauge':
      return new Gauge(common);
    case 'histogram':
      return new Histogram({ ...common, buckets: [...definition.buckets] });
    default:
      return definition satisfies never;
  }
}
