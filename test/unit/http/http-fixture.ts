import { actorText } from '../../../src/callback/actor-text.ts';
import { callInGroupSchema } from '../../../src/callin/call-in-group.ts';
import type { CallIn } from '../../../src/callin/call-in.ts';
import { afterEach } from 'vitest';
import type { LightMyRequestResponse } from 'fastify';
import { Role } from '../../../src/adapters/http/access-store.ts';
import { newApiKey, secretDigest } from '../../../src/adapters/http/credential.ts';
import { PushDesk } from '../../../src/adapters/push/push-desk.ts';
import { CaptchaGate } from '../../../src/adapters/captcha/captcha-gate.ts';
import type { CallTracing, TracedMessage, TraceView } from '../../../src/adapters/http/call-tracing.ts';
import type { AreaStore } from '../../../src/adapters/http/gms/storage-area-store.ts';
import type { HttpConfig } from '../../../src/adapters/http/http-config.ts';
import { defaultHttpConfig } from '../../../src/adapters/http/http-config.ts';
import type { HttpDependencies } from '../../../src/adapters/http/http-dependencies.ts';
import { buildHttpServer } from '../../../src/adapters/http/http-server.ts';
import type { HttpServer } from '../../../src/adapters/http/http-server.ts';
import type { ApplyOutcome } from '../../../src/adapters/http/provisioning.ts';
import { PrometheusMetrics } from '../../../src/adapters/metrics/prometheus-metrics.ts';
import { type Clock, SystemClock } from '../../../src/kernel/clock.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { emptyDocument } from '../../../src/provisioning/document.ts';
import { LiveDirectory } from '../../../src/provisioning/live-directory.ts';
import { numberRuleViews, testNumber } from '../../../src/provisioning/number-test.ts';
import { SecretBox } from '../../../src/provisioning/secret-box.ts';
import { Recordings } from '../../../src/recording/recordings.ts';
import type { Application } from '../../../src/application/application.ts';
import type { CaptchaKeys } from '../../../src/screening/captcha-keys.ts';
import { FakeApplication } from '../../fakes/fake-application.ts';
import { WorkspaceHouse } from '../../fakes/workspace-house.ts';
import { MemoryRecordingFiles, MemoryRecordingStore } from '../../fakes/memory-recording-store.ts';
import {
  MemoryAccessStore,
  MemoryAreaStore,
  MemoryAuditStore,
  MemoryErrorStore,
  MemoryIdempotencyStore,
} from '../../fakes/http-stores.ts';

/** What one request needs beside its method and address. */
export interface Ask {
  readonly role?: Role;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly text?: string;
  readonly address?: string;
}

/** A server on fakes with one credential a role. */
export interface Fixture {
  readonly server: HttpServer;
  readonly application: FakeApplication;
  /** What is behind the workspace routes. */
  readonly house: WorkspaceHouse;
  readonly access: MemoryAccessStore;
  readonly audit: MemoryAuditStore;
  readonly idempotency: MemoryIdempotencyStore;
  readonly errors: MemoryErrorStore;
  readonly areas: AreaStore;
  readonly recordings: Recordings;
  readonly recordingFiles: MemoryRecordingFiles;
  readonly clock: SimulatedClock;
  readonly applied: { text: string; dryRun: boolean }[];
  /** The CAPTCHA key sets in force; none at first. */
  readonly captchaKeys: CaptchaKeys[];
  readonly edited: { section: string; name: string; entry: object | undefined; dryRun: boolean }[];
  readonly callIns: CallIn[];
  readonly tokens: Readonly<Record<Role, string>>;
  applyOutcome: ApplyOutcome;
  readonly ask: (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    ask?: Ask,
  ) => Promise<LightMyRequestResponse>;
}

/** The configuration in force: one queue that inherits, one number rule. */
const configuration = {
  ...emptyDocument,
  queueDefaults: { skillExpression: 'Billing > 0', wrapUpSec: 45 },
  queues: [
    { name: 'billing', maxAttempts: 2, numberRule: 'europe', capacityRule: 'march', defaultCountry: 'DE' },
  ],
  capacityRules: [
    {
      name: 'march',
      statement: { days: { mon: { '09:00': 8, '09:30': 10 } }, duration: 30 as const },
      exceptions: [],
    },
    { name: 'spare', statement: { days: { tue: { '10:00': 4 } }, duration: 60 as const }, exceptions: [] },
  ],
  callInGroups: [
    callInGroupSchema.parse({ name: 'app users', numbers: ['+493012345601'], queue: 'billing' }),
  ],
  numberRules: [{ name: 'europe', countries: ['GB', 'DE'], blockedPatterns: ['^4930', '^(\\d+)+$x'] }],
};

const opened: HttpServer[] = [];

/** Closes every server of the test file's fixtures after each test. */
export function closeFixtures(): void {
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((server) => server.close()));
  });
}

/**
 * Builds a fixture; `config` overrides the defaults, `serverClock` replaces virtual time (real sockets need
 * real time); `keepOpen` leaves closing to the test; `served` answers instead of the fake application.
 */
export async function newFixture(
  config: Partial<HttpConfig> = {},
  options: {
    tracing?: false;
    serverClock?: Clock;
    keepOpen?: true;
    served?: Application;
    /** Instead of the one in memory. */
    areas?: AreaStore;
    notifications?: HttpDependencies['notifications'];
    push?: PushDesk;
    limits?: NonNullable<HttpDependencies['limits']>;
  } = {},
): Promise<Fixture> {
  const clock = new SimulatedClock();
  const ids = new IdSource(clock, new SeededRandom(1));
  const application = new FakeApplication(clock, ids);
  const access = new MemoryAccessStore();
  const audit = new MemoryAuditStore();
  const idempotency = new MemoryIdempotencyStore();
  const errors = new MemoryErrorStore();
  const areas = options.areas ?? new MemoryAreaStore();
  const applied: { text: string; dryRun: boolean }[] = [];
  const edited: Fixture['edited'] = [];
  const callIns: CallIn[] = [];
  const captchaKeys: CaptchaKeys[] = [];
  const directory = new LiveDirectory('test', new SecretBox(Buffer.alloc(32)));
  directory.replace(configuration, 1);
  const serverClock = options.serverClock ?? clock;
  const tokens = {} as Record<Role, string>;
  for (const role of Object.values(Role)) tokens[role] = await credential(role, access, serverClock, ids);
  const house = new WorkspaceHouse(serverClock, ids, application, { dispositions: ['Sold', 'Call again'] });
  const recordingStore = new MemoryRecordingStore();
  const recordingFiles = new MemoryRecordingFiles();
  const recordings = new Recordings({
    unitOfWork: recordingStore,
    files: recordingFiles,
    keptDaysOf: () => undefined,
    bytesMax: 1_000_000,
    clock,
    ids,
    log: silentLog,
  });
  const server = buildHttpServer({
    recordings,
    callIns: {
      find: (id) => Promise.resolve(callIns.find((callIn) => callIn.id === id)),
      candidates: () => Promise.resolve(callIns),
      list: ({ limit, groupNames, createdBy }) =>
        Promise.resolve(
          callIns
            .filter(({ groupName }) => groupNames?.includes(groupName) ?? true)
            .filter((made) => createdBy === undefined || actorText(made.createdBy) === actorText(createdBy))
            .slice(0, limit),
        ),
    },
    application: options.served ?? application,
    workspace: house.workspace,
    access,
    audit,
    idempotency,
    errors,
    areas,
    ...(options.limits && { limits: options.limits }),
    provisioning: {
      apply: (text, _fileName, _actor, { dryRun }) => {
        applied.push({ text, dryRun });
        return fixture.applyOutcome;
      },
      export: () => 'queues: []\n',
      edit: (section, name, entry, _actor, { dryRun }) => {
        edited.push({ section, name, entry, dryRun });
        return fixture.applyOutcome;
      },
      callInGroups: () => directory.callInGroups(),
      queueSettings: (name) => directory.queueSettings(name),
      capacityRules: () => directory.capacityRules(),
      numberRules: () => numberRuleViews(directory),
      testNumber: (rule, request) => testNumber(directory, rule, request),
    },
    notifications: options.notifications ?? {
      list: () => Promise.resolve([]),
      find: () => Promise.resolve(undefined),
      retry: () => Promise.resolve(undefined),
    },
    push:
      options.push ??
      new PushDesk({ pushCredentials: () => [], webhooks: () => [], clock: new SystemClock() }),
    captcha: new CaptchaGate({ keySets: () => captchaKeys, clock: new SystemClock(), log: silentLog }),
    replay: (id) =>
      Promise.resolve(application.callbacks.has(id) ? { kind: 'same', eventCount: 3 } : undefined),
    ...(options.tracing === false ? {} : { tracing: new FakeTracing(clock) }),
    metrics: new PrometheusMetrics({ version: '1.2.3', telephony: 'embedded' }, silentLog),
    log: silentLog,
    clock: serverClock,
    ids,
    config: { ...defaultHttpConfig, version: '1.2.3', port: 0, ...config },
  });
  if (!options.keepOpen) opened.push(server);
  const fixture: Fixture = {
    server,
    application,
    house,
    access,
    audit,
    idempotency,
    errors,
    areas,
    recordings,
    recordingFiles,
    clock,
    applied,
    edited,
    callIns,
    captchaKeys,
    tokens,
    applyOutcome: { kind: 'applied', version: 2, diff: { added: ['queues.billing'] } },
    ask: (method, url, { role, body, headers = {}, text, address = '192.0.2.9' } = {}) =>
      server.fastify.inject({
        method,
        url,
        remoteAddress: address,
        headers: { ...(role === undefined ? {} : { authorization: `Bearer ${tokens[role]}` }), ...headers },
        ...(text === undefined ? {} : { payload: text }),
        ...(body === undefined ? {} : { payload: body as object }),
      }),
  };
  return fixture;
}

/** A key for the roles that keys have; a session of the agent `alice` for the role Agent. */
async function credential(
  role: Role,
  access: MemoryAccessStore,
  clock: Clock,
  ids: IdSource,
): Promise<string> {
  if (role !== Role.agent) {
    const { secret, key } = newApiKey(ids, clock, {
      name: role,
      role,
      scopes: ['native', 'ges', 'gms'],
      createdBy: 'user:admin',
      expiresAtMs: null,
    });
    await access.insertApiKey(key);
    return secret;
  }
  const nowMs = clock.nowMs();
  const token = `ts_${'a'.repeat(43)}`;
  await access.insertUser({
    name: 'alice',
    role,
    passwordHash: 'unset',
    agentId: 'alice',
    enabled: true,
    accessGroups: [],
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  });
  await access.insertSession({
    tokenHash: secretDigest(token),
    userName: 'alice',
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 3_600_000,
    lastUsedAtMs: nowMs,
  });
  return token;
}

class FakeTracing implements CallTracing {
  readonly #traces: TraceView[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  traceCall(request: Parameters<CallTracing['traceCall']>[0]): ReturnType<CallTracing['traceCall']> {
    if (this.#traces.length >= 2) return { kind: 'too-many', max: 2 };
    const startedAtMs = this.#clock.nowMs();
    const trace = {
      id: `trace-${this.#traces.length}`,
      subject: request.subject,
      startedAtMs,
      endsAtMs: startedAtMs + request.durationMs,
      messageCount: 1,
    };
    this.#traces.push(trace);
    return { kind: 'started', trace };
  }

  traces(): readonly TraceView[] {
    return this.#traces;
  }

  findTrace(id: string): { trace: TraceView; messages: TracedMessage[] } | undefined {
    const trace = this.#traces.find((candidate) => candidate.id === id);
    const text = 'INVITE sip:1000@192.0.2.1 SIP/2.0\r\n\r\n';
    return (
      trace && {
        trace,
        messages: [{ atMs: trace.startedAtMs, direction: 'in', peer: 'udp/192.0.2.2:5060', text }],
      }
    );
  }
}

/** A request for a callback that is valid. */
export const validRequest = { virtualQueue: 'billing', customerNumber: '+12025550123' };
