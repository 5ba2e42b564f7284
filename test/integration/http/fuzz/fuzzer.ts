import { type ApiOperation, operationsOf } from '../../../contract/http/openapi-document.ts';
import { Dice } from './dice.ts';
import { FuzzWorld } from './fuzz-world.ts';
import { type FuzzedProduct, repairAfter } from './fuzzed-product.ts';
import { type Prepared, recipeOf } from './recipes.ts';
import { type FuzzRequest, RequestMaker } from './request-maker.ts';
import { ValueMaker } from './value-maker.ts';
import { Judge } from './verdict.ts';
import { Wire, type WireAnswer, type WireOutcome } from './wire.ts';

/** Requests under way at the same time. */
const LANE_COUNT = 16;
/** A configuration is checked for them, by a program of its own. */
const COSTLY = /\/config$|call-in-groups/;
const COSTLY_SHARE = 0.1;
const SHOWN_CHARACTERS_MAX = 600;
/** After so many vain attempts an operation is asked with what is known. */
const UNPREPARED_MAX = 3;
/** How often what an operation needs is brought about; otherwise the request takes what is known. */
const PREPARED_SHARE = 0.3;

/** What a run found. */
export interface FuzzFindings {
  /** The first of every kind, ready to be read and replayed. */
  readonly faults: readonly string[];
  /** By method and path. */
  readonly reach: ReadonlyMap<string, Reach>;
}

/** How far the requests of one operation came. */
export interface Reach {
  askedCount: number;
  /** By the status's first digit. */
  readonly counts: Record<number, number>;
  /** How often what it needs could not be brought about. */
  unpreparedCount: number;
}

/**
 * Sends `requestCount` requests to every operation in turn, sixteen at a time, and judges each answer. The
 * same seed makes the same requests as long as what the server tells of itself is the same.
 * @param onBatch told after each sixteen, with how many were sent.
 */
export async function fuzz(
  fuzzed: FuzzedProduct,
  run: {
    readonly seed: number;
    readonly requestCount: number;
    readonly onBatch?: (sentCount: number) => void;
  },
): Promise<FuzzFindings> {
  const { product, document, known, credentials } = fuzzed;
  const operations = operationsOf(document);
  const dice = new Dice(run.seed);
  const values = new ValueMaker({ dice, known, document, nowMs: Date.now() });
  const maker = new RequestMaker({ dice, known, values, credentials });
  const judge = new Judge(document, fuzzed.secrets);
  const wires = Array.from({ length: LANE_COUNT }, () => new Wire(product.port));
  const found = new Map<string, string>();
  const reach = new Map<string, Reach>();
  const world = new FuzzWorld(fuzzed);
  let sentCount = 0;
  let turn = 0;
  const reachOf = ({ method, path }: ApiOperation): Reach => {
    const seen = reach.get(`${method} ${path}`) ?? { askedCount: 0, counts: {}, unpreparedCount: 0 };
    reach.set(`${method} ${path}`, seen);
    return seen;
  };
  const next = (): ApiOperation => {
    for (;;) {
      const operation = operations[turn++ % operations.length]!;
      if (!COSTLY.test(operation.path) || dice.chance(COSTLY_SHARE)) return operation;
    }
  };
  /** What was spoilt before may stand in the way: an agent logged out, a group deleted. */
  const preparedFor = async (operation: ApiOperation): Promise<Prepared | undefined> => {
    const seen = reachOf(operation);
    if (seen.unpreparedCount >= UNPREPARED_MAX || !dice.chance(PREPARED_SHARE)) return undefined;
    try {
      return await recipeOf(operation)?.(world);
    } catch {
      seen.unpreparedCount++;
      return undefined;
    }
  };
  while (sentCount < run.requestCount) {
    const laneCount = Math.min(LANE_COUNT, run.requestCount - sentCount);
    const requests: FuzzRequest[] = [];
    // One after the other: what one brings about must not be taken by another.
    while (requests.length < laneCount) {
      const operation = next();
      reachOf(operation).askedCount++;
      const prepared = await preparedFor(operation);
      requests.push(maker.make(operation, credentials, { prepared, plain: false }));
    }
    const outcomes = await Promise.all(requests.map((request, lane) => send(wires[lane]!, request)));
    sentCount += requests.length;
    for (const [index, request] of requests.entries()) {
      const outcome = outcomes[index]!;
      const { method, path } = request.operation;
      const faults = judge.faults(request, outcome);
      const kind = `${method} ${path} ${faults[0]?.slice(0, 40)}`;
      if (faults.length > 0 && !found.has(kind)) {
        found.set(
          kind,
          `${faults.join('; ')}\n  FUZZ_SEED=${run.seed} FUZZ_REQUESTS=${sentCount}\n${told(request, outcome)}`,
        );
      }
      if (outcome.kind !== 'answered') continue;
      note(reachOf(request.operation), request, outcome.answer);
      if (outcome.answer.status < 300) known.learn(outcome.answer.body.toString('utf8'));
      await repairAfter(fuzzed, request, outcome.answer);
    }
    run.onBatch?.(sentCount);
  }
  for (const wire of wires) wire.close();
  return { faults: [...found.values()], reach };
}

function note({ counts }: Reach, { isForOperation }: FuzzRequest, { status }: WireAnswer): void {
  // A spoilt path leads to another operation, or nowhere.
  if (!isForOperation) return;
  const digit = Math.floor(status / 100);
  counts[digit] = (counts[digit] ?? 0) + 1;
}

async function send(wire: Wire, request: FuzzRequest): Promise<WireOutcome> {
  const outcome = await wire.send(request.bytes, request.method === 'HEAD');
  if (request.mayBeCut) wire.close();
  return outcome;
}

function told(request: FuzzRequest, outcome: WireOutcome): string {
  const answer = outcome.kind === 'answered' ? outcome.answer.body.toString('utf8') : outcome.received;
  const status = outcome.kind === 'answered' ? outcome.answer.status : outcome.kind;
  const bytes = request.bytes.toString('latin1');
  return `  ${request.deeds.join(', ')}\n  ${shown(bytes)}\n  ${status} ${shown(answer)}`;
}

function shown(text: string): string {
  return JSON.stringify(
    text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text,
  );
}
