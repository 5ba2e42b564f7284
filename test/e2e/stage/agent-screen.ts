import type { LogLine, Product } from '../harness/product.ts';

const PASSWORD = 'e2e-screen-4RtY';
const WAIT_MS = 20_000;

/** A product with agents: a lane, or a stage of its own. */
interface Place {
  readonly product: Product;
  readonly agentIds: readonly string[];
}

/** What an agent sees and does on the workspace API, logged in as the agent's own user. */
export class AgentScreen {
  readonly agentId: string;
  readonly #place: Place;
  readonly #token: string;

  private constructor(place: Place, agentId: string, token: string) {
    this.#place = place;
    this.agentId = agentId;
    this.#token = token;
  }

  /** Makes the agent's user and logs in. */
  static async open(place: Place, index = 0): Promise<AgentScreen> {
    const agentId = place.agentIds[index];
    if (agentId === undefined) throw new Error(`there is no agent ${index}`);
    const name = `screen-${agentId}`;
    const user = { name, role: 'Agent', password: PASSWORD, agentId };
    await place.product.api('POST', '/users', user);
    const { token } = await place.product.api<{ token: string }>('POST', '/login', {
      name,
      password: PASSWORD,
    });
    return new AgentScreen(place, agentId, token);
  }

  /** Resolves with the id of the `count`-th invitation of this agent. */
  async invited(count = 1): Promise<string> {
    const mine = (line: LogLine): boolean => line.msg === 'agent invited' && line['agentId'] === this.agentId;
    const line = await this.#place.product.log.wait(
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
    const response = await fetch(`${this.#place.product.http}/api/v1${path}`, {
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
