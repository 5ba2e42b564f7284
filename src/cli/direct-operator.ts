import { DateTime } from 'luxon';
import type { AccessStore, Role } from '../adapters/http/access-store.ts';
import { newApiKey } from '../adapters/http/credential.ts';
import { hashPassword } from '../adapters/http/password-hash.ts';
import { eventJson } from '../adapters/http/api-views.ts';
import type { Actor, Callback, CallbackEvent } from '../callback/callback.ts';
import type { ReplayOutcome } from '../callback/replay.ts';
import type { Clock } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import type { CallbackId, IdSource } from '../kernel/ids.ts';
import type { NumberTestRequest } from '../provisioning/number-test.ts';
import type { ApplyOutcome, Provisioning } from '../provisioning/provisioning.ts';
import type {
  ApiKeyLine,
  CallbackStory,
  NumberTestAnswer,
  Operator,
  UserLine,
  WantedApiKey,
} from './operator.ts';

/** What the commands are remembered as in histories. */
const ACTOR: Actor = { kind: 'system', part: 'command-line' };
const MADE_BY = 'command-line';

/** The parts of an installation that no server runs on. */
export interface DirectOperatorOptions {
  readonly provisioning: Pick<Provisioning, 'apply' | 'export' | 'testNumber'>;
  readonly access: AccessStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** A callback and its history, oldest event first; undefined when there is none of that id. */
  readonly history: (
    id: CallbackId,
  ) => Promise<{ readonly callback: Callback; readonly events: readonly CallbackEvent[] } | undefined>;
  readonly replay: (id: CallbackId) => Promise<ReplayOutcome | undefined>;
  /** Gives the database up. */
  readonly close: () => Promise<void>;
}

/** Works on the database itself. */
export class DirectOperator implements Operator {
  readonly kind = 'direct';
  readonly #options: DirectOperatorOptions;

  constructor(options: DirectOperatorOptions) {
    this.#options = options;
  }

  apply(text: string, fileName: string, options: { readonly dryRun: boolean }): Promise<ApplyOutcome> {
    return this.#options.provisioning.apply(text, fileName, ACTOR, options);
  }

  export(): Promise<string> {
    return Promise.resolve(this.#options.provisioning.export());
  }

  testNumber(rule: string, request: NumberTestRequest): Promise<NumberTestAnswer> {
    const outcome = this.#options.provisioning.testNumber(rule, request);
    if (outcome.kind === 'unknown') {
      const message = `there is no such ${outcome.what === 'rule' ? 'number rule' : 'queue'}`;
      return Promise.reject(new AppError('ARGUMENT_INVALID', message));
    }
    const { verdict } = outcome;
    const { e164, country } = verdict;
    return Promise.resolve(
      verdict.kind === 'permitted'
        ? { permitted: true, e164, country, step: null, message: 'may be called' }
        : { permitted: false, e164, country, step: verdict.step, message: verdict.message },
    );
  }

  async listUsers(): Promise<UserLine[]> {
    const users = await this.#options.access.listUsers();
    return users.map(({ name, role, enabled, createdAtMs }) => ({
      name,
      role,
      enabled,
      createdAt: iso(createdAtMs),
    }));
  }

  async addUser(user: {
    readonly name: string;
    readonly role: Role;
    readonly password: string;
  }): Promise<void> {
    const { access, clock } = this.#options;
    const nowMs = clock.nowMs();
    const added = await access.insertUser({
      name: user.name,
      role: user.role,
      passwordHash: await hashPassword(user.password),
      agentId: null,
      enabled: true,
      accessGroups: [],
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
    });
    if (!added) throw new AppError('USER_EXISTS', `there is a user ${user.name} already`);
  }

  removeUser(name: string): Promise<boolean> {
    return this.#options.access.deleteUser(name);
  }

  async setPassword(name: string, password: string): Promise<boolean> {
    const { access, clock } = this.#options;
    const user = await access.findUser(name);
    if (!user) return false;
    const changed = { ...user, passwordHash: await hashPassword(password), updatedAtMs: clock.nowMs() };
    if (!(await access.updateUser(changed))) return false;
    await access.deleteSessionsOf(name);
    return true;
  }

  async listApiKeys(): Promise<ApiKeyLine[]> {
    const keys = await this.#options.access.listApiKeys();
    return keys.map(({ id, name, role, createdAtMs, lastUsedAtMs }) => ({
      id,
      name,
      role,
      createdAt: iso(createdAtMs),
      lastUsedAt: lastUsedAtMs === null ? null : iso(lastUsedAtMs),
    }));
  }

  async createApiKey(wanted: WantedApiKey): Promise<{ id: string; key: string }> {
    const { access, clock, ids } = this.#options;
    const made = newApiKey(ids, clock, { ...wanted, createdBy: MADE_BY, expiresAtMs: null });
    await access.insertApiKey(made.key);
    return { id: made.key.id, key: made.secret };
  }

  revokeApiKey(id: string): Promise<boolean> {
    return this.#options.access.deleteApiKey(id);
  }

  async findStory(callbackId: string): Promise<CallbackStory | undefined> {
    const found = await this.#options.history(callbackId);
    if (!found) return undefined;
    const { id, virtualQueue, state, reason } = found.callback;
    const events = found.events.map((event) => eventJson(event, false));
    return { id, virtualQueue, state, reason, events };
  }

  replay(callbackId: string): Promise<ReplayOutcome | undefined> {
    return this.#options.replay(callbackId);
  }

  close(): Promise<void> {
    return this.#options.close();
  }
}

function iso(ms: number): string {
  return DateTime.fromMillis(ms, { zone: 'utc' }).toISO() ?? String(ms);
}
