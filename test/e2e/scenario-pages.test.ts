import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Product } from './harness/product.ts';
import { PHONE_HOST, type SippPhone, sippAgent, sippCaller } from './harness/sipp-phone.ts';
import { freePort } from './harness/sipp-process.ts';
import { WatchedList } from './harness/watched-list.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGES = join(ROOT, 'docs', 'scenarios');
const PROGRAMS = join(ROOT, 'examples', 'scenarios');
const PASSWORD = 'only-for-trying-1';
/** UTC; its page has a time refused that is outside the hours. */
const S3_ASKED_HOUR = 15;
const PAGE_MAX_MS = 100_000;
/** Characters told of what a page's commands printed. */
const SAID_CHARACTERS_MAX = 4000;
const pages = readdirSync(PAGES).filter((name) => /^s\d+-.*\.md$/.test(name));
const readPage = (page: string): string => readFileSync(join(PAGES, page), 'utf8');
const document = readFileSync(join(PAGES, 'scenarios.yaml'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-pages-'));
const callers: SippPhone[] = [];
const agents = new Map<string, SippPhone>();
const children: ChildProcess[] = [];
let product: Product;
let environment: NodeJS.ProcessEnv;

/** Lines that a program printed. */
class Program {
  readonly lines = new WatchedList<string>();
  readonly ended: Promise<number | null>;

  constructor(path: string, args: readonly string[] = []) {
    const child = spawn(process.execPath, [path, ...args], { cwd: ROOT, env: environment });
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

const programOf = (name: string, args?: readonly string[]): Program =>
  new Program(join(PROGRAMS, name), args);

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
  callers.push(caller);
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
  const receiver = programOf('push-receiver.mjs', ['0']);
  const [, push = ''] = await receiver.prints(/^listening on (.+)$/);
  const customerPort = await freePort(PHONE_HOST);
  // What a reader has on ports of their own has free ones here, and the night is never now, nor when S3 asks for.
  const inTenHours = (new Date().getUTCHours() + 10) % 24;
  const hour = String(inTenHours === S3_ASKED_HOUR ? inTenHours + 1 : inTenHours).padStart(2, '0');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  product = await Product.start({
    document: document
      .replaceAll('http://127.0.0.1:8099', push)
      .replace('127.0.0.1:5070', `${PHONE_HOST}:${customerPort}`)
      .replaceAll("from: '04:00', to: '04:15'", `from: '${hour}:00', to: '${hour}:15'`),
    environment: { PUSH_PRIVATE_KEY: key, PHONE_PASSWORD: PASSWORD },
  });
  environment = {
    ...process.env,
    TK: product.http,
    SIP: `${product.sip.host}:${product.sip.port}`,
    PUSH: push,
    KEY: product.key,
    PHONE_PASSWORD: PASSWORD,
    TURNKEEPER_DATA: product.data,
    CURL: curl(),
    NODE: process.execPath,
    FOLDER: folder,
  };
  const server = ['--server', environment['SIP']!];
  const customers = ['phone', ...server, '--port', String(customerPort), '--press', '4:1'];
  await new Program(join(ROOT, 'bin', 'turnkeeper.mjs'), customers).prints(/takes calls/);
  for (const user of ['1002', '1003']) {
    agents.set(user, await sippAgent({ user, password: PASSWORD, registrar: product.sip }));
    await product.setAgentState(user, 'READY');
  }
});
afterAll(async () => {
  for (const child of children) child.kill();
  await Promise.all([...callers, ...agents.values()].map((phone) => phone.stop()));
  await product.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The commands of a page, and the status that it gives for each `curl`. */
function commandsOf(page: string): { script: string; statuses: string[] } {
  const script = [...readPage(page).matchAll(/^```sh\n(.*?)^```$/gms)]
    .map(([, block = '']) => block)
    .join('\n');
  return { script, statuses: [...script.matchAll(/ # (\d{3})$/gm)].map(([, status = '']) => status) };
}

/** Path of curl, installed when it was missing. */
function curl(): string {
  const script = join(ROOT, 'scripts', 'debian-tool.mjs');
  return execFileSync(process.execPath, [script, 'curl'], { encoding: 'utf8' }).trim();
}

/** Keeps the status of every answer beside its body; the command is this clone's, its phone's server the product. */
const WATCHED = `set -eu -o pipefail
curl() {
  local body status
  body=$(mktemp -p "$FOLDER")
  status=$("$CURL" -o "$body" -w '%{http_code}' "$@")
  echo "$status" >> "$STATUSES"
  cat "$body"
}
npx() {
  local command=$2
  shift 2
  if [ "$command" = phone ]; then set -- --server "$SIP" "$@"; fi
  "$NODE" bin/turnkeeper.mjs "$command" "$@"
}
`;

/** Runs the commands of a page; resolves with what they printed and how they ended. */
function run(page: string, script: string): Promise<{ readonly code: number | null; readonly said: string }> {
  const file = join(folder, `${page}.sh`);
  writeFileSync(file, `${WATCHED}${script}`);
  // A group of its own: phones in the background end with it.
  const child = spawn('bash', [file], {
    cwd: ROOT,
    detached: true,
    env: { ...environment, STATUSES: statusFile(page) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => (said += piece.toString()));
  const end = (): boolean => process.kill(-child.pid!, 'SIGKILL');
  const timer = setTimeout(end, PAGE_MAX_MS);
  return new Promise((resolve) => {
    child.once('exit', (code) => {
      clearTimeout(timer);
      if (code === 0) return;
      try {
        end();
      } catch {
        // nobody of the group is left
      }
    });
    child.once('close', (code) => resolve({ code, said }));
  });
}
const statusFile = (page: string): string => join(folder, `${page}.statuses`);

async function isAnsweredAsItSays(page: string): Promise<void> {
  const { script, statuses } = commandsOf(page);
  expect(statuses.length).toBe([...script.matchAll(/\bcurl -s /g)].length);
  expect(statuses.length).toBeGreaterThan(3);
  const { code, said } = await run(page, script);
  const answered = readFileSync(statusFile(page), 'utf8').trim().split('\n');
  if (code !== 0) throw new Error(`${page} ended with ${code}:\n${said.slice(-SAID_CHARACTERS_MAX)}`);
  expect(answered).toEqual(statuses);
}

/** Pages with calls take their time, and each has a queue and agents of its own. */
const withCalls = pages.filter((page) => commandsOf(page).script.includes('npx turnkeeper phone'));
const quick = pages.filter((page) => !withCalls.includes(page));

test.each(quick)('every command of %s is answered as the page says', isAnsweredAsItSays);

test('the parts of the configuration on the pages are those of scenarios.yaml', () => {
  const parts = withCalls.flatMap((page) => [...readPage(page).matchAll(/^```yaml\n(.*?)^```$/gms)]);
  expect(parts).toHaveLength(withCalls.length);
  for (const [, part = ''] of parts) expect(document).toContain(part);
});

test('every page names its program, and every program has its page', () => {
  const named = pages.map((page) => /node examples\/scenarios\/(s\d+-\S+\.mjs)/.exec(readPage(page))?.[1]);
  const programs = readdirSync(PROGRAMS).filter((name) => /^s\d+-/.test(name));
  expect(new Set(named)).toEqual(new Set(programs));
});

test.concurrent.each(withCalls)('every command and call of %s goes as the page says', isAnsweredAsItSays);

test.concurrent('s4-web-callback.mjs books, moves and cancels', async () => {
  const program = programOf('s4-web-callback.mjs');
  await program.prints(/^cancelled: \{ id: 'callback_/);
  await program.succeeds();
});

test.concurrent.each([
  ['s7-call-in.mjs', /^MATCHED, known by code and dialled$/],
  ['s10-gms-app.mjs', /^MATCHED$/],
  ['s8-call-in-later.mjs', /^SERVED_INBOUND$/],
])('%s gives a number and a code, and sees its caller come', async (file, end) => {
  const program = programOf(file);
  await dialled(program);
  await program.prints(end);
  await program.succeeds();
});

test.concurrent('s9-opt-in.mjs says yes, and its customer is called and served', async () => {
  const program = programOf('s9-opt-in.mjs');
  await program.prints(/^PROCESSING/);
  await agents.get('1003')?.hangUp();
  await program.prints(/^COMPLETED COMPLETED_BY_AGENT$/);
  await program.succeeds();
});
