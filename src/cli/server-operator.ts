import { z } from 'zod';
import type { Role } from '../adapters/http/access-store.ts';
import type { ReplayOutcome } from '../callback/replay.ts';
import { AppError, type Fault, messageOf } from '../kernel/errors.ts';
import type { NumberTestRequest } from '../provisioning/number-test.ts';
import type { ApplyOutcome } from '../provisioning/provisioning.ts';
import type {
  ApiKeyLine,
  CallbackStory,
  NumberTestAnswer,
  Operator,
  UserLine,
  WantedApiKey,
} from './operator.ts';

const REQUEST_TIMEOUT_MS = 30_000;
const ANSWER_BYTES_MAX = 8 * 1_048_576;

const appliedSchema = z.looseObject({
  version: z.int(),
  diff: z.looseObject({
    added: z.array(z.string()),
    changed: z.array(
      z.looseObject({
        item: z.string(),
        fields: z.array(
          z.looseObject({ field: z.string(), from: z.unknown().optional(), to: z.unknown().optional() }),
        ),
      }),
    ),
    removed: z.array(z.string()),
    reordered: z.array(z.string()),
  }),
});
const faultsSchema = z.looseObject({
  error: z.looseObject({
    faults: z
      .array(
        z.looseObject({
          path: z.string(),
          message: z.string(),
          value: z.unknown().optional(),
          line: z.int().optional(),
        }),
      )
      .min(1),
  }),
});
const errorSchema = z.looseObject({ error: z.looseObject({ code: z.string(), message: z.string() }) });
const usersSchema = z.looseObject({
  items: z.array(
    z.object({ name: z.string(), role: z.string(), enabled: z.boolean(), createdAt: z.string() }),
  ),
});
const apiKeysSchema = z.looseObject({
  items: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      role: z.string(),
      createdAt: z.string(),
      lastUsedAt: z.string().nullable(),
    }),
  ),
});
const storySchema = z.looseObject({
  id: z.string(),
  virtualQueue: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  events: z.array(
    z.looseObject({
      at: z.string(),
      kind: z.string(),
      actor: z.looseObject({ kind: z.string(), id: z.string().nullable() }),
      state: z.string(),
      subState: z.string().nullable(),
      data: z.record(z.string(), z.unknown()),
    }),
  ),
});
const numberTestSchema = z.looseObject({
  permitted: z.boolean(),
  e164: z.string().nullable(),
  country: z.string().nullable(),
  step: z.string().nullable(),
  message: z.string(),
});
const replaySchema = z.union([
  z.looseObject({ kind: z.literal('same'), eventCount: z.int() }),
  z.looseObject({
    kind: z.literal('differs'),
    event: z.int(),
    eventKind: z.string(),
    atMs: z.int(),
    field: z.string(),
    recorded: z.unknown(),
    replayed: z.unknown(),
  }),
  z.looseObject({ kind: z.literal('incomplete'), message: z.string() }),
]);
const madeKeySchema = z.looseObject({ id: z.string(), key: z.string() });

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Works through the API of the server that runs on the installation. */
export class ServerOperator implements Operator {
  readonly kind = 'server';
  readonly #baseUrl: string;
  readonly #token: string;

  /**
   * @param baseUrl for example `http://127.0.0.1:8080`.
   * @param token an administrator's API key.
   */
  constructor(baseUrl: string, token: string) {
    this.#baseUrl = baseUrl;
    this.#token = token;
  }

  async apply(text: string, fileName: string, options: { readonly dryRun: boolean }): Promise<ApplyOutcome> {
    // The API takes plain names only.
    const plainName = fileName.replace(/[^\w.-]/g, '-').slice(-128) || 'document.yaml';
    const query = new URLSearchParams({ dryRun: String(options.dryRun), fileName: plainName });
    const answer = await this.#request('POST', `/config?${query.toString()}`, { yaml: text });
    const body = parseJson(answer.text);
    const applied = appliedSchema.safeParse(body);
    if (answer.status === 200 && applied.success) {
      const { version, diff } = applied.data;
      return { kind: 'applied', version, diff };
    }
    const refusal = faultsSchema.safeParse(body);
    if (refusal.success) return { kind: 'refused', faults: refusal.data.error.faults as readonly Fault[] };
    throw refused(answer);
  }

  async export(): Promise<string> {
    const answer = await this.#request('GET', '/config');
    if (answer.status !== 200) throw refused(answer);
    return answer.text;
  }

  async testNumber(rule: string, request: NumberTestRequest): Promise<NumberTestAnswer> {
    const path = `/number-rules/${encodeURIComponent(rule)}/test`;
    const answer = await this.#request('POST', path, { json: request });
    const known = errorSchema.safeParse(parseJson(answer.text));
    if (known.success && answer.status < 500)
      throw new AppError('ARGUMENT_INVALID', known.data.error.message);
    return understood(numberTestSchema, answer);
  }

  async listUsers(): Promise<UserLine[]> {
    return understood(usersSchema, await this.#request('GET', '/users')).items;
  }

  async addUser(user: {
    readonly name: string;
    readonly role: Role;
    readonly password: string;
  }): Promise<void> {
    const answer = await this.#request('POST', '/users', { json: user });
    if (answer.status !== 201) throw refused(answer);
  }

  removeUser(name: string): Promise<boolean> {
    return this.#found('DELETE', `/users/${encodeURIComponent(name)}`);
  }

  setPassword(name: string, password: string): Promise<boolean> {
    return this.#found('PATCH', `/users/${encodeURIComponent(name)}`, { json: { password } });
  }

  async listApiKeys(): Promise<ApiKeyLine[]> {
    return understood(apiKeysSchema, await this.#request('GET', '/api-keys')).items;
  }

  async createApiKey(wanted: WantedApiKey): Promise<{ id: string; key: string }> {
    return understood(madeKeySchema, await this.#request('POST', '/api-keys', { json: wanted }));
  }

  revokeApiKey(id: string): Promise<boolean> {
    return this.#found('DELETE', `/api-keys/${encodeURIComponent(id)}`);
  }

  async findStory(callbackId: string): Promise<CallbackStory | undefined> {
    const answer = await this.#request('GET', `/callbacks/${encodeURIComponent(callbackId)}`);
    return answer.status === 404 ? undefined : understood(storySchema, answer);
  }

  async replay(callbackId: string): Promise<ReplayOutcome | undefined> {
    const answer = await this.#request('GET', `/callbacks/${encodeURIComponent(callbackId)}/replay`);
    return answer.status === 404 ? undefined : understood(replaySchema, answer);
  }

  async close(): Promise<void> {}

  async #found(method: string, path: string, body?: RequestBody): Promise<boolean> {
    const answer = await this.#request(method, path, body);
    if (answer.status === 200) return true;
    if (answer.status === 404) return false;
    throw refused(answer);
  }

  async #request(method: string, path: string, body?: RequestBody): Promise<Answer> {
    const content = body && ('yaml' in body ? body.yaml : JSON.stringify(body.json));
    const type = body && ('yaml' in body ? 'application/yaml' : 'application/json');
    try {
      const response = await fetch(new URL(`/api/v1${path}`, this.#baseUrl), {
        method,
        headers: { 'x-api-key': this.#token, ...(type === undefined ? {} : { 'content-type': type }) },
        ...(content === undefined ? {} : { body: content }),
        redirect: 'error',
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      return { status: response.status, text: (await response.text()).slice(0, ANSWER_BYTES_MAX) };
    } catch (error) {
      const message = `the server at ${this.#baseUrl} does not answer: ${messageOf(error)}`;
      throw new AppError('SERVER_UNREACHABLE', message, { cause: error, retryable: true });
    }
  }
}

type RequestBody = { readonly yaml: string } | { readonly json: unknown };

function understood<T>(schema: z.ZodType<T>, answer: Answer): T {
  const outcome = schema.safeParse(parseJson(answer.text));
  if (answer.status >= 200 && answer.status < 300 && outcome.success) return outcome.data;
  throw refused(answer);
}

function refused(answer: Answer): AppError {
  const known = errorSchema.safeParse(parseJson(answer.text));
  const words = known.success ? `${known.data.error.code}: ${known.data.error.message}` : 'no explanation';
  return new AppError('SERVER_REFUSED', `the server answered ${answer.status} (${words})`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
