import { type ApiOperation, operationsOf } from '../../../contract/http/openapi-document.ts';
import { Dice } from './dice.ts';
import { type FuzzedProduct, repairAfter } from './fuzzed-product.ts';
import { type FuzzRequest, RequestMaker } from './request-maker.ts';
import { ValueMaker } from './value-maker.ts';
import { Judge } from './verdict.ts';
import { Wire, type WireOutcome } from './wire.ts';

/** Requests under way at the same time. */
const LANE_COUNT = 16;
/** A password is hashed for them: a tenth of a second of one core. */
const COSTLY = /login$|password|users/;
const COSTLY_SHARE = 0.15;
const SHOWN_CHARACTERS_MAX = 600;

/** What a run found. */
export interface FuzzFindings {
  /** The first of every kind, ready to be read and replayed. */
  readonly faults: readonly string[];
  /** How often each operation was asked and how often with a status below 400, by its method and path. */
  readonly reach: ReadonlyMap<string, { readonly askedCount: number; readonly answeredCount: number }>;
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
  const reach = new Map<string, { askedCount: number; answeredCount: number }>();
  let sentCount = 0;
  let turn = 0;
  const next = (): ApiOperation => {
    for (;;) {
      const operation = operations[turn++ % operations.length]!;
      if (!COSTLY.test(operation.path) || dice.chance(COSTLY_SHARE)) return operation;
    }
  };
  while (sentCount < run.requestCount) {
    const lanes = wires.slice(0, run.requestCount - sentCount);
    const requests = lanes.map(() => maker.make(next(), credentials));
    const outcomes = await Promise.all(requests.map((request, lane) => send(lanes[lane]!, request)));
    sentCount += lanes.length;
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
      const seen = reach.get(`${method} ${path}`) ?? { askedCount: 0, answeredCount: 0 };
      reach.set(`${method} ${path}`, seen);
      seen.askedCount++;
      if (outcome.kind !== 'answered') continue;
      if (outcome.answer.status < 400) seen.answeredCount++;
      if (outcome.answer.status < 300) known.learn(outcome.answer.body.toString('utf8'));
      await repairAfter(fuzzed, request, outcome.answer);
    }
    run.onBatch?.(sentCount);
  }
  for (const wire of wires) wire.close();
  return { faults: [...found.values()], reach };
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
