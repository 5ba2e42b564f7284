import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, test, vi } from 'vitest';
import { PHONE_PASSWORD } from '../harness/document.ts';
import { Product } from '../harness/product.ts';
import { PHONE_HOST } from '../harness/sipp-phone.ts';
import { Lane, type LaneOptions } from './lane.ts';
import { limited, SceneRuns } from './second-try.ts';

/** Scenes at the same time: each takes about a twentieth of a processor, and a tenth of a second of one to begin. */
const SCENES_AT_ONCE = Math.min(12, Math.max(5, 4 * availableParallelism()));
/** With all that a scene waits for: its turn, and the others before a second try. */
const SCENE_MAX_MS = 900_000;

/** Timers as short as the product allows, so that a test waits for nothing else. */
const QUICK = {
  offerEwtThresholdSec: 0,
  announceIntervalSec: 5,
  wrapUpSec: 1,
  maxAttempts: 2,
  retryIntervalSec: 1,
  dialTimeoutSec: 5,
  confirmTimeoutSec: 5,
  agentRingTimeoutSec: 5,
  snoozeSec: 60,
  defaultHandlingTimeSec: 60,
  defaultCountry: 'DE',
  // Few numbers ask for many callbacks here.
  duplicateCheck: 'OFF',
  // A time that is asked for is kept to the second.
  readyForAsapLeadSec: 0,
  throttlePerNumberPerDay: 0,
  throttlePerService: [],
};

/** One scene: what happens on a lane of its own. */
type Scene = (name: string, run: (lane: Lane) => Promise<void>, options?: LaneOptions) => void;

export interface StageOptions {
  /** Further sections of the document, in YAML; asked once before the start. Default: none. */
  readonly sections?: () => Promise<string>;
  /** More variables of the product. Default: none. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * One product for all scenes of a file. Every scene has its own queue, DID, agents, customer and trunk in the
 * one document, so that scenes run at the same time without disturbing each other; and all of that once more
 * for a second try, see {@link SceneRuns}.
 */
export function scenesOfOneProduct({ sections, environment = {} }: StageOptions = {}): Scene {
  const lanes: Lane[] = [];
  const runs = new SceneRuns({ atOnceMax: SCENES_AT_ONCE });
  let product: Product | undefined;
  // All of them begin for the runner; here they wait for their turn.
  vi.setConfig({ maxConcurrency: 1000 });
  beforeAll(async () => {
    await Promise.all(lanes.map((lane) => lane.reserve()));
    const more = (await sections?.()) ?? '';
    product = await Product.start({ document: `${documentOf(lanes)}${more}`, environment });
  });
  afterAll(async () => {
    await Promise.all(lanes.map((lane) => lane.leave()));
    await product?.stop();
  });
  return (name, run, options = {}) => {
    const [first, second] = [1, 2].map((ahead) => new Lane(lanes.length + ahead, options)) as [Lane, Lane];
    lanes.push(first, second);
    const on = (lane: Lane) => async (): Promise<void> => {
      if (product === undefined) throw new Error('the product has not started');
      await enact(run, lane, product);
    };
    test.concurrent(name, { timeout: SCENE_MAX_MS }, () => runs.run(name, on(first), on(second)));
  };
}

async function enact(run: (lane: Lane) => Promise<void>, lane: Lane, product: Product): Promise<void> {
  lane.enter(product);
  try {
    await limited(run(lane));
  } catch (error) {
    throw new Error(`${String(error)}\n\nwhat the product told of this lane:\n${lane.story()}`, {
      cause: error,
    });
  } finally {
    await lane.leave();
  }
}

function documentOf(lanes: readonly Lane[]): string {
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
  const section = (name: string, entries: readonly Readonly<Record<string, unknown>>[]): string[] => [
    `${name}:`,
    ...entries.flatMap((entry) =>
      Object.entries(entry).map(([key, value], at) => `${at === 0 ? '  - ' : '    '}${key}: ${yaml(value)}`),
    ),
  ];
  return [
    ...section(
      'queues',
      lanes
        .flatMap((lane) => queuesOf(lane))
        .map(({ queue, trunk, skill, settings }) => ({
          name: queue,
          businessHours: 'always',
          skillExpression: `Skill("${skill}") >= 1`,
          trunk,
          ...QUICK,
          ...settings,
        })),
    ),
    ...section(
      'agents',
      lanes.flatMap(({ agentIds, skill, overflow }) =>
        agentIds.map((id, at) => ({
          id,
          name: `Agent ${id}`,
          sipUser: id,
          password: PHONE_PASSWORD,
          skills: { [overflow && at === agentIds.length - 1 ? `${skill}b` : skill]: 5 },
        })),
      ),
    ),
    ...section(
      'dids',
      lanes.map(({ did, queue }) => ({ number: did, flow: 'inbound', queue, language: 'en' })),
    ),
    ...section('trunks', [
      // Callers come from this one address; any other address of the loopback network is a stranger's.
      { name: 'callers', addresses: [`${PHONE_HOST}/32`] },
      ...lanes.map(({ queue, customerAddress }) => ({
        name: queue,
        outboundHost: `${customerAddress.host}:${customerAddress.port}`,
      })),
    ]),
    'businessHours:',
    '  - name: always',
    '    timeZone: Etc/UTC',
    '    weekly:',
    ...days.map((day) => `      ${day}: [{ from: '00:00', to: '24:00' }]`),
    // Closed yesterday, today and tomorrow, so that a test may run around midnight.
    '  - name: after-tomorrow',
    '    timeZone: Etc/UTC',
    '    weekly:',
    ...days.map((day) => `      ${day}: [{ from: '00:00', to: '24:00' }]`),
    '    specialDays:',
    ...[-1, 0, 1].map((ahead) => {
      const date = new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
      return `      - { date: '${date}', intervals: [] }`;
    }),
    'flows: [inbound, outbound-confirm]',
    '',
  ].join('\n');
}

/** The lane's queue, and the one it overflows to. */
function queuesOf({ queue, overflowQueue, skill, settings, overflow }: Lane): {
  queue: string;
  trunk: string;
  skill: string;
  settings: Lane['settings'];
}[] {
  const own = { queue, trunk: queue, skill, settings };
  if (!overflow) return [own];
  return [own, { queue: overflowQueue, trunk: queue, skill: `${skill}b`, settings: overflow }];
}

/** JSON is YAML. */
const yaml = (value: unknown): string => JSON.stringify(value);
