import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FuzzedProduct, openFuzzedProduct } from './fuzz/fuzzed-product.ts';
import { fuzz } from './fuzz/fuzzer.ts';

/**
 * A fuzzer over every operation of the served OpenAPI document, against the whole program over real sockets.
 * `FUZZ_SEED=7 FUZZ_REQUESTS=50000` runs another or a longer history; the same seed makes the same requests,
 * so that a failure is replayed by its seed and its number of requests.
 */
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_121);
const requestCount = Number(process.env['FUZZ_REQUESTS'] ?? 1500);

const FAULTS_SHOWN_MAX = 25;
/** What is kept on purpose is bounded: rings of error records, open callbacks, prepared statements. */
const HEAP_GROWTH_MAX_MIB = 128;
/** Of the operations. */
const REACHED_SHARE_MIN = 0.5;
const TEST_MAX_MS = 3_600_000;

let fuzzed: FuzzedProduct;
const errorLines: string[] = [];

beforeAll(async () => {
  fuzzed = await openFuzzedProduct();
  fuzzed.product.onLogLine = (line) => errorLines.push(line);
});
afterAll(() => fuzzed.product.close());

it(
  'answers every request as documented, whatever is sent, and is well afterwards',
  async () => {
    const { product } = fuzzed;
    const heapBeforeMib = heapMib();
    const { faults, reach } = await fuzz(fuzzed, { seed, requestCount });
    expect(faults.slice(0, FAULTS_SHOWN_MAX), `${faults.length} kinds of faults`).toEqual([]);
    expect(errorLines.slice(0, FAULTS_SHOWN_MAX)).toEqual([]);
    expect((await product.ask('GET', '/api/v1/health')).status).toBe(200);
    expect((await product.ask('GET', '/api/v1/ready')).status).toBe(200);
    expect(heapMib() - heapBeforeMib).toBeLessThan(HEAP_GROWTH_MAX_MIB);
    // Fewer would mean that the requests miss what they are for; the rest needs a call or a provider.
    const answered = [...reach.values()].filter(({ answeredCount }) => answeredCount > 0);
    const shareMin = requestCount >= 1500 ? REACHED_SHARE_MIN : 0;
    expect(answered.length).toBeGreaterThanOrEqual(reach.size * shareMin);
  },
  TEST_MAX_MS,
);

function heapMib(): number {
  setFlagsFromString('--expose_gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}
