import { DateTime, IANAZone } from 'luxon';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { Fault } from '../kernel/errors.ts';
import { nameSchema } from '../telephony/directory.ts';
import { queueNameSchema } from '../telephony/queue-name.ts';
import type { ConfigurationDocument } from '../provisioning/document.ts';
import { schemaFaults } from '../provisioning/schema-faults.ts';
import { validateDocument } from '../provisioning/validate-document.ts';
import { YamlDocument } from '../provisioning/yaml-document.ts';

/** Simulated agents of one scenario at most. */
const AGENTS_MAX = 5000;
const HOURS_MAX = 24 * 31;

const share = z.number().min(0).max(1);
const clockTime = z.string().regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time like "08:30"');

/**
 * A duration drawn for each person, in seconds: a number is always the same; `{mean}` is exponential; `{mean,
 * sd}` is lognormal, what handling times look like.
 */
const durationSec = z.union(
  [
    z.number().min(0).max(86_400),
    z.strictObject({ mean: z.number().positive().max(86_400), sd: z.number().min(0).max(86_400).optional() }),
  ],
  { error: 'must be seconds, {mean} or {mean, sd}' },
);
export type DurationSec = z.infer<typeof durationSec>;

/**
 * Events an hour: one rate for the whole time, or one for each hour from the start (the last one goes on).
 */
const perHour = z.union(
  [z.number().min(0).max(100_000), z.array(z.number().min(0).max(100_000)).min(1).max(HOURS_MAX)],
  {
    error: 'must be a number of events an hour, or a list with one for each hour',
  },
);
export type PerHour = z.infer<typeof perHour>;

const trafficSchema = z.strictObject({
  queue: queueNameSchema,
  callsPerHour: perHour.default(0),
  /** How long a caller holds the line before giving up. */
  patienceSec: durationSec.default({ mean: 300 }),
  /** Callers who press 1 when a callback is offered. */
  acceptsOffer: share.default(0.5),
  /** Callbacks asked for on the web, as soon as possible. */
  callbacksPerHour: perHour.default(0),
  /** Callbacks asked for on the web for a later time. */
  scheduledPerHour: perHour.default(0),
  /** How far ahead those are. */
  scheduledAheadSec: durationSec.default({ mean: 7200 }),
});

const staffSchema = z.strictObject({
  name: nameSchema,
  count: z.int().min(1).max(AGENTS_MAX),
  skills: z.record(z.string().min(1).max(64), z.int().min(0).max(10_000)),
  /** Local times; each agent works all of them. */
  shifts: z
    .array(z.strictObject({ from: clockTime, to: clockTime }))
    .min(1)
    .max(10),
  breaks: z
    .array(z.strictObject({ at: clockTime, minutes: z.int().min(1).max(480) }))
    .max(10)
    .default([]),
  /** Conversation. */
  talkSec: durationSec.default({ mean: 240, sd: 120 }),
  /** After-call work; the queue's `wrapUpSec` bounds it. */
  wrapUpSec: durationSec.default({ mean: 20 }),
  /** Until the agent answers the phone. */
  answerSec: durationSec.default({ mean: 3, sd: 1 }),
  /** Calls the agent does not answer. */
  misses: share.default(0),
});

const customersSchema = z
  .strictObject({
    answer: share.default(0.75),
    busy: share.default(0.05),
    noAnswer: share.default(0.1),
    voicemail: share.default(0.1),
    answerSec: durationSec.default({ mean: 12, sd: 5 }),
    /** Of those who answer: press 1. The rest hear the question out and hang up. */
    confirms: share.default(0.97),
    /** How long a confirmed customer waits for the agent. */
    patienceSec: durationSec.default({ mean: 120 }),
  })
  .refine(
    ({ answer, busy, noAnswer, voicemail }) => Math.abs(answer + busy + noAnswer + voicemail - 1) < 1e-6,
    {
      message: 'answer, busy, noAnswer and voicemail must add up to 1',
    },
  );

const scenarioSchema = z.strictObject({
  name: nameSchema,
  description: z.string().max(1000).optional(),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1),
  /** Local start, for example `2026-03-02T08:00`. */
  startsAt: z
    .string()
    .refine((text) => DateTime.fromISO(text).isValid, 'must be a local time like "2026-03-02T08:00"'),
  timeZone: z
    .string()
    .refine((zone) => IANAZone.isValidZone(zone), 'must be an IANA time zone such as "Europe/Berlin"')
    .default('Etc/UTC'),
  /** Arrivals stop after this; then the lines run empty. */
  hours: z.number().positive().max(HOURS_MAX),
  /** Answered within this counts for the service level. */
  serviceLevelSec: z.int().min(1).max(3600).default(20),
  traffic: z.array(trafficSchema).min(1).max(200),
  staff: z.array(staffSchema).min(1).max(100),
  customers: customersSchema.prefault({}),
});
export type ScenarioSettings = z.infer<typeof scenarioSchema>;
export type Traffic = z.infer<typeof trafficSchema>;
export type Staff = z.infer<typeof staffSchema>;

/** What is simulated: the people, and the configuration they meet. */
export interface Scenario {
  readonly settings: ScenarioSettings;
  readonly configuration: ConfigurationDocument;
}

export type ScenarioOutcome =
  | { readonly kind: 'valid'; readonly scenario: Scenario }
  | { readonly kind: 'refused'; readonly faults: readonly Fault[] };

/**
 * Reads a scenario file: the sections of a configuration document (queues, businessHours and so on; no
 * agents, no DIDs: they come from the scenario), and a section `scenario`. Tells every fault with its path.
 */
export function parseScenario(text: string): ScenarioOutcome {
  const parsed = YamlDocument.parse(text);
  if (parsed.kind === 'refused') return parsed;
  const { scenario, ...sections } = (parse(text) ?? {}) as Record<string, unknown>;
  const outcome = scenarioSchema.safeParse(scenario);
  const configuration = validateDocument(stringify(sections), {});
  const faults: Fault[] = [];
  if (!outcome.success) {
    const keys = Object.keys(scenarioSchema.shape);
    faults.push(...schemaFaults(parsed.document, ['scenario'], scenario, outcome.error.issues, keys));
  }
  // Lines of the rest would be those of the document without its scenario: the path is what is true.
  if (configuration.kind === 'refused') faults.push(...configuration.faults.map(withoutLine));
  if (outcome.success && configuration.kind === 'valid') {
    faults.push(...crossFaults(outcome.data, configuration.document));
    if (faults.length === 0) {
      return { kind: 'valid', scenario: { settings: outcome.data, configuration: configuration.document } };
    }
  }
  return { kind: 'refused', faults };
}

function crossFaults(settings: ScenarioSettings, { queues, agents, dids }: ConfigurationDocument): Fault[] {
  const faults: Fault[] = [];
  const names = new Set(queues.map(({ name }) => name));
  settings.traffic.forEach(({ queue }, index) => {
    if (names.has(queue)) return;
    const message = `is not in queues; there are ${[...names].join(', ') || 'none'}`;
    faults.push({ path: `scenario.traffic[${index}].queue`, message, value: queue });
  });
  if (agents.length > 0)
    faults.push({ path: 'agents', message: 'must be empty: scenario.staff makes the agents' });
  if (dids.length > 0)
    faults.push({ path: 'dids', message: 'must be empty: each queue gets a number of its own' });
  const count = settings.staff.reduce((sum, group) => sum + group.count, 0);
  if (count > AGENTS_MAX) {
    faults.push({
      path: 'scenario.staff',
      message: `must have at most ${AGENTS_MAX} agents in all`,
      value: count,
    });
  }
  return faults;
}

function withoutLine({ path, message, value }: Fault): Fault {
  return { path, message, ...(value !== undefined && { value }) };
}
