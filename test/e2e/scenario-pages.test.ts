import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PHONE_PASSWORD } from './harness/document.ts';
import { Product } from './harness/product.ts';
import { type SippPhone, sippAgent, sippCaller, sippCustomer } from './harness/sipp-phone.ts';
import { WatchedList } from './harness/watched-list.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGES = join(ROOT, 'docs', 'scenarios');
const PROGRAMS = join(ROOT, 'examples', 'scenarios');
const pages = readdirSync(PAGES).filter((name) => /^s\d+-.*\.md$/.test(name));
const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-pages-'));
const phones: SippPhone[] = [];
const children: ChildProcess[] = [];
let product: Product;
let environment: NodeJS.ProcessEnv;

/** Lines that a program printed. */
class Program {
  readonly lines = new WatchedList<string>();
  readonly ended: Promise<number | null>;

  constructor(file: string, args: readonly string[] = []) {
    const child = spawn(process.execPath, [join(PROGRAMS, file), ...args], { env: environment });
    children.push(child);
    let rest = '';
    const take = (piece: Buffer): void => {
      const parts = (rest + piece.toString()).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) this.lines.push(line);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    this.ended = new Promise((resolve) => child.once('close', resolve));
    void this.ended.then((code) => this.lines.push(`ended ${code}`));
  }

  /** The groups of the first line that fits; rejects when there is none. */
  async prints(line: RegExp): Promise<readonly string[]> {
    const found = await this.lines.wait(
      (all) => all.find((each) => line.test(each) || each.startsWith('ended ')),
      String(line),
      20_000,
    );
    const groups = line.exec(found);
    if (!groups) throw new Error(`no ${String(line)} in ${JSON.stringify(this.lines.items)}`);
    return groups;
  }

  async succeeds(): Promise<void> {
    expect([await this.ended, this.lines.items]).toEqual([0, expect.anything()]);
  }
}

/** Dials what the program says, keys the code that it says. */
async function dialled(program: Program): Promise<SippPhone> {
  const [, number = '', code = ''] = await program.prints(/^Dial \+(\d+).*?then key (\d+)#$/);
  const before = product.log.items.length;
  const caller = await sippCaller({
    to: product.sip,
    dial: number,
    ani: '+12025550123',
    sippKeys: [`${code}#`],
  });
  phones.push(caller);
  const { callId } = await caller.waitFor({ direction: 'sent', method: 'INVITE', request: true });
  const call = await product.log.wait(
    (lines) =>
      lines.slice(before).find(({ msg, sipCallId }) => msg === 'inbound call' && sipCallId === callId),
    `the call to ${number}`,
    10_000,
  );
  const asked = (line: Readonly<Record<string, unknown>>): boolean =>
    line['msg'] === 'flow state entered' && line['state'] === 'ask-code' && line['callId'] === call['callId'];
  await product.log.wait((lines) => lines.find(asked), 'the question for the code', 20_000);
  await caller.sendSippKeys();
  return caller;
}

beforeAll(async () => {
  environment = { ...process.env };
  const receiver = new Program('push-receiver.mjs', ['0']);
  const [, push = ''] = await receiver.prints(/^listening on (.+)$/);
  const customer = await sippCustomer({});
  phones.push(customer);
  // What a reader has on ports of their own has free ones here, and the phones' passwords are known.
  const document = readFileSync(join(PAGES, 'scenarios.yaml'), 'utf8')
    .replaceAll('http://127.0.0.1:8099', push)
    .replace('127.0.0.1:5070', `${customer.address.host}:${customer.address.port}`)
    .replaceAll('{ generate: true }', PHONE_PASSWORD);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  product = await Product.start({ document, environment: { PUSH_PRIVATE_KEY: key } });
  environment = { ...process.env, TK: product.http, PUSH: push, KEY: product.key, CURL: curl() };
  for (const user of ['1002', '1003']) {
    phones.push(await sippAgent({ user, password: PHONE_PASSWORD, registrar: product.sip }));
    await product.setAgentState(user, 'READY');
  }
});
afterAll(async () => {
  for (const child of children) child.kill();
  await Promise.all(phones.map((phone) => phone.stop()));
  await product.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The commands of a page, and the status that it gives for each `curl`. */
function commandsOf(page: string): { script: string; statuses: string[] } {
  const text = readFileSync(join(PAGES, page), 'utf8');
  const script = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block).join('\n');
  return { script, statuses: [...script.matchAll(/ # (\d{3})$/gm)].map(([, status = '']) => status) };
}

/** Path of curl, installed when it was missing. */
function curl(): string {
  const script = join(ROOT, 'scripts', 'debian-tool.mjs');
  return execFileSync(process.execPath, [script, 'curl'], { encoding: 'utf8' }).trim();
}

/** Keeps the status of every answer beside its body. */
const WATCHED_CURL = `curl() {
  local body status
  body=$(mktemp -p "$FOLDER")
  status=$("$CURL" -o "$body" -w '%{http_code}' "$@")
  echo "$status" >> "$STATUSES"
  cat "$body"
}
`;

test.each(pages)('every command of %s is answered as the page says', async (page) => {
  const { script, statuses } = commandsOf(page);
  expect(statuses.length).toBe([...script.matchAll(/\bcurl -s /g)].length);
  expect(statuses.length).toBeGreaterThan(3);
  const kept = join(folder, `${page}.statuses`);
  const file = join(folder, `${page}.sh`);
  writeFileSync(file, `set -eu -o pipefail\n${WATCHED_CURL}${script}`);
  const run = promisify(execFile)('bash', [file], {
    cwd: ROOT,
    env: { ...environment, FOLDER: folder, STATUSES: kept },
    timeout: 40_000,
  });
  const failure = await run.then(
    () => '',
    (error: unknown) => String(error),
  );
  const answered = readFileSync(kept, 'utf8').trim().split('\n');
  expect({ answered, failure }).toEqual({ answered: statuses, failure: '' });
});

test('every page names its program, and every program has its page', () => {
  const named = pages.map((page) => /node examples\/scenarios\/(\S+\.mjs)/.exec(readPage(page))?.[1]);
  const programs = readdirSync(PROGRAMS).filter((name) => /^s\d+-/.test(name));
  expect(new Set(named)).toEqual(new Set(programs));
});
const readPage = (page: string): string => readFileSync(join(PAGES, page), 'utf8');

test.concurrent('s4-web-callback.mjs books, moves and cancels', async () => {
  const program = new Program('s4-web-callback.mjs');
  await program.prints(/^cancelled: \{ id: 'callback_/);
  await program.succeeds();
});

test.concurrent.each([
  ['s7-call-in.mjs', /^MATCHED, known by code and dialled$/],
  ['s10-gms-app.mjs', /^MATCHED$/],
  ['s8-call-in-later.mjs', /^SERVED_INBOUND$/],
])('%s gives a number and a code, and sees its caller come', async (file, end) => {
  const program = new Program(file);
  await dialled(program);
  await program.prints(end);
  await program.succeeds();
});

test.concurrent('s9-opt-in.mjs says yes, and its customer is called and served', async () => {
  const program = new Program('s9-opt-in.mjs');
  await program.prints(/^PROCESSING/);
  await phones[0]?.hangUp();
  await program.prints(/^COMPLETED COMPLETED_BY_AGENT$/);
  await program.succeeds();
});
