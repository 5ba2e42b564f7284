import type { LogLine } from '../harness/product.ts';
import type { Lane } from './lane.ts';

const PASSWORD = 'e2e-screen-4RtY';
const WAIT_MS = 20_000;

/** What a lane's agent sees and does on the workspace API, logged in as the agent's own user. */
export class AgentScreen {
  readonly agentId: string;
  readonly #lane: Lane;
  readonly #token: string;

  private constructor(lane: Lane, agentId: string, token: string) {
    this.#lane = lane;
    this.agentId = agentId;
    this.#token = token;
  }

  /** Makes the agent's user and logs in. */
  static async open(lane: Lane, index = 0): Promise<AgentScreen> {
    const agentId = lane.agentIds[index];
    if (agentId === undefined) throw new Error(`the lane has no agent ${index}`);
    const name = `screen-${agentId}`;
    const user = { name, role: 'Agent', password: PASSWORD, agentId };
    await lane.product.api('POST', '/users', user);
    const { token } = await lane.product.api<{ token: string }>('POST', '/login', {
      name,
      password: PASSWORD,
    });
    return new AgentScreen(lane, agentId, token);
  }

  /** Resolves with the id of the `count`-th invitation of this agent. */
  async invited(count = 1): Promise<string> {
    const mine = (line: LogLine): boolean => line.msg === 'agent invited' && line['agentId'] === this.agentId;
    const line = await this.#lane.product.log.wait(
      (lines) => lines.filter(mine)[count - 1],
      `invitation ${count} of ${this.agentId}`,
      WAIT_MS,
    );
    return String(line['invitationId']);
  }

  /** The agent's screen as a whole. */
  snapshot<T>(): Promise<T> {
    return this.#request<T>('GET', '/workspace');
  }

  accept(invitationId: string): Promise<unknown> {
    return this.#request('POST', `/workspace/invitations/${invitationId}/accept`);
  }

  reject(invitationId: string, reason: string): Promise<unknown> {
    return this.#request('POST', `/workspace/invitations/${invitationId}/reject`, { reason });
  }

  wants(state: string, reason?: string): Promise<unknown> {
    return this.#request('POST', '/workspace/state', { state, ...(reason !== undefined && { reason }) });
  }

  /** Does something with the live call of this subject. */
  command(subjectId: string, command: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#request('POST', `/workspace/calls/${subjectId}/commands`, command);
  }

  async #request<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.#lane.product.http}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }
}
