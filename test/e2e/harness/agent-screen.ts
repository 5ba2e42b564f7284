import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { WatchedList } from './watched-list.ts';

const PROGRAM = fileURLToPath(new URL('../../../examples/workspace-client/agent.mjs', import.meta.url));
const WAIT_MS = 15_000;

/** A line that the example client prints: an event of the feed, or what became of a command. */
export interface ScreenLine {
  readonly event: string;
  readonly command?: string;
  readonly code?: string | number;
  readonly seq?: number;
  readonly answer?: Readonly<Record<string, unknown>>;
  readonly [part: string]: unknown;
}

/** An agent's screen: the example client of the documentation as a process of its own. */
export class AgentScreen {
  readonly lines = new WatchedList<ScreenLine>();
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(url: string, name: string, password: string) {
    const environment = { ...process.env, AGENT_PASSWORD: password };
    this.#child = spawn(process.execPath, [PROGRAM, url, name], { env: environment, stdio: 'pipe' });
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
    let rest = '';
    const collect = (piece: Buffer): void => {
      const lines = (rest + piece.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') this.lines.push(parsed(line));
    };
    this.#child.stdout?.on('data', collect);
    this.#child.stderr?.on('data', collect);
  }

  /** Types a command without waiting for what becomes of it. */
  type(command: string): void {
    this.#child.stdin?.write(`${command}\n`);
  }

  /** Types a command; resolves with its answer, rejects when it is refused. */
  async does(command: string): Promise<Readonly<Record<string, unknown>>> {
    const line = await this.outcome(command);
    if (line.event === 'refused') throw new Error(`${command}: ${JSON.stringify(line)}`);
    return line.answer ?? {};
  }

  /** Types a command; resolves with the line that tells what became of it. */
  outcome(command: string): Promise<ScreenLine> {
    const from = this.lines.items.length;
    this.type(command);
    const fits = (line: ScreenLine): boolean =>
      line.command === command && (line.event === 'done' || line.event === 'refused');
    return this.lines.wait((lines) => lines.slice(from).find(fits), `the end of "${command}"`, WAIT_MS);
  }

  /** The first event that fits, from the `from`-th line on. */
  sees(event: string, fits: (line: ScreenLine) => boolean = () => true, from = 0): Promise<ScreenLine> {
    return this.lines.wait(
      (lines) => lines.slice(from).find((line) => line.event === event && fits(line)),
      `${event} on the screen`,
      WAIT_MS,
    );
  }

  /** Numbers of the feed's events, in the order in which they came. */
  get seqs(): readonly number[] {
    return this.lines.items.flatMap(({ seq }) => seq ?? []);
  }

  /** Closes the browser, so to say. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

function parsed(line: string): ScreenLine {
  try {
    return JSON.parse(line) as ScreenLine;
  } catch {
    return { event: 'text', text: line };
  }
}
