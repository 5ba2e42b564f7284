import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { CaptchaGate } from './adapters/captcha/captcha-gate.ts';
import { openCases, openWorkspace } from './agent-workspace.ts';
import { connectTelephony, type TelephonyAdapter } from './adapters/drachtio/connect-telephony.ts';
import { documentChecker } from './adapters/provisioning/document-checker.ts';
import { FlowFolder } from './adapters/flows/flow-folder.ts';
import { ensureAdministrator } from './adapters/http/first-administrator.ts';
import { newApiKey } from './adapters/http/credential.ts';
import { defaultHttpConfig } from './adapters/http/http-config.ts';
import { buildHttpServer } from './adapters/http/http-server.ts';
import { numberGate } from './adapters/http/number-gate.ts';
import { PrometheusMetrics } from './adapters/metrics/prometheus-metrics.ts';
import { Storage } from './adapters/storage/storage.ts';
import { ApplicationService } from './application/application-service.ts';
import { CallInService } from './application/call-in-service.ts';
import { NotificationList } from './application/notification-list.ts';
import { HistoryReplay } from './application/history-replay.ts';
import type { CaseDesk } from './application/workspace/case-desk.ts';
import { createEngine, type Engine } from './application/engine.ts';
import { CallbackRetention } from './callback/callback-retention.ts';
import { publishRunningServer, withdrawRunningServer } from './cli/running-server.ts';
import type { Config, Environment } from './config/config.ts';
import { spawnWorker } from './embedded/worker-supervisor.ts';
import { FlowLibrary } from './ivr/flow-library.ts';
import { type Clock, SystemClock } from './kernel/clock.ts';
import { AppError } from './kernel/errors.ts';
import { IdSource } from './kernel/ids.ts';
import type { Log } from './kernel/log.ts';
import { MetricName, type Metrics } from './kernel/metrics.ts';
import { SystemRandom } from './kernel/random.ts';
import { type PhoneCredentials, Provisioning } from './provisioning/provisioning.ts';
import { openSecretBox } from './provisioning/secret-key.ts';
import type { Recordings } from './recording/recordings.ts';
import type { Counters } from './telephony/counters.ts';
import { healthParts } from './health-parts.ts';
import { type Notifications, openNotifications } from './notifications.ts';
import { openRecordings } from './open-recordings.ts';
import { SipCallTracing } from './sip-call-tracing.ts';
import { startTelephonyServers, type TelephonyServers } from './telephony-servers.ts';

/** The running program. */
export interface Turnkeeper {
  readonly httpUrl: string;
  readonly sipAddress: TelephonyServers['sipAddress'];
  readonly phones: readonly PhoneCredentials[];
  readonly dids: readonly string[];
  /** Made at the first start; to be shown once. */
  readonly administrator: { readonly name: string; readonly password: string } | undefined;
  /** Stops taking calls, ends those in progress within `shutdownMaxMs`, stores everything. Idempotent. */
  close(): Promise<void>;
}

export interface StartOptions {
  readonly config: Config;
  readonly environment: Environment;
  readonly log: Log;
  readonly version: string;
  /**
   * The disk did not keep what was stored (STORAGE_LOST). Default: the error is thrown outside of everything,
   * which ends the process.
   */
  readonly onLost?: (error: AppError) => void;
}

/** What a caller hears while an agent's phone rings: the same music as in the line. */
const HOLD_MUSIC = [1, 2, 3, 4, 5].map((part) => ({ kind: 'file' as const, path: `music/hold-${part}.wav` }));
/** How to stop what has been started, in the order of starting. */
type Started = (() => Promise<void>)[];

const OPERATOR_KEY_NAME = 'operator commands on this machine';

/**
 * Starts everything in the order of dependence, and stops what has been started when a later part fails.
 * @throws AppError of the part that failed; its code is in docs/errors.md.
 */
export async function startTurnkeeper(options: StartOptions): Promise<Turnkeeper> {
  const started: Started = [];
  const stop = async (): Promise<void> => {
    for (const close of started.splice(0).reverse()) await close();
  };
  try {
    return await start(options, started, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function endNow(error: AppError): void {
  queueMicrotask(() => {
    throw error;
  });
}

async function start(
  { config, environment, log, version, onLost = endNow }: StartOptions,
  started: Started,
  stop: () => Promise<void>,
): Promise<Turnkeeper> {
  const clock = new SystemClock();
  const ids = new IdSource(clock, new SystemRandom());
  const metrics = new PrometheusMetrics({ version, telephony: config.telephony.mode }, log);
  mkdirSync(config.dataDirectory, { recursive: true, mode: 0o700 });
  const path = `${config.dataDirectory}/turnkeeper.db`;
  const storage = await Storage.open({ path, clock, metrics, beside: { spawn: spawnWorker, log, onLost } });
  started.push(() => storage.close());

  const flows = new FlowLibrary({
    source: new FlowFolder({ folder: config.flowsDirectory, clock, log }),
    log,
  });
  await flows.reload();
  flows.watch();
  started.push(async () => flows.close());
  const provisioning = await loadConfiguration({ config, environment, storage, flows, clock, log });
  const { directory } = provisioning;

  const servers = await startTelephonyServers(config, clock, log, metrics);
  started.push(() => servers.close());
  const telephony = await connectTelephony({
    config: servers.config,
    directory,
    registrations: storage.registrations,
    openLegs: storage.openLegs,
    clock,
    ids,
    log,
    counters: telephonyCounters(metrics),
    diskWaitMs: () => storage.diskWaitMs,
  });
  started.push(() => telephony.close(config.shutdownMaxMs));

  const recordings = await openRecordings({ config, storage, directory, clock, ids, log }, started);
  const notifications = openNotifications({ storage, directory, clock, ids, log });
  const parts = {
    config,
    version,
    storage,
    provisioning,
    telephony,
    recordings,
    notifications,
    metrics,
    log,
    clock,
    ids,
    flows,
  };
  const { engine, cases } = await openEngine(parts, started);
  const administrator = await ensureAdministrator(storage.access, clock);
  const httpUrl = await serveHttp({ ...parts, engine, cases }, started);
  telephony.started();
  log.info({ http: httpUrl, sip: servers.sipAddress, telephony: config.telephony.mode }, 'serving');
  return {
    httpUrl,
    sipAddress: servers.sipAddress,
    phones: provisioning.phoneCredentials(),
    dids: directory.dids().map(({ number }) => number),
    administrator,
    close: stop,
  };
}

/** Connects the rooms, gives every open callback its place back and opens the door. */
async function openEngine(
  parts: Omit<Parts, 'engine' | 'cases'>,
  started: Started,
): Promise<Pick<Parts, 'engine' | 'cases'>> {
  const { config, storage, provisioning, telephony, metrics, log, clock, ids, flows } = parts;
  const { directory } = provisioning;
  const engine = createEngine({
    telephony,
    store: storage,
    directory,
    flow: (name) => flows.get(name),
    audioMs: flows.audioMs,
    holdMusic: HOLD_MUSIC,
    recordings: parts.recordings,
    callIns: { unitOfWork: storage, directory },
    notifications: parts.notifications.desk,
    dialsMax: config.admission.outboundAttemptsMax,
    clock,
    ids,
    log,
    metrics,
  });
  started.push(() => engine.close());
  const cases = openCases({ ...parts, engine }, started);
  log.info(await engine.recover(), 'open callbacks recovered');
  await cases.recover();
  started.push(parts.notifications.start(engine));
  directory.onChange(() => engine.router.matchAll());
  const retention = new CallbackRetention({ unitOfWork: storage, clock, log });
  retention.start();
  started.push(async () => retention.close());
  return { engine, cases };
}

/** Refused calls have a metric of their own: operators watch it. */
function telephonyCounters(metrics: Metrics): Counters {
  return {
    increment: (event, detail = '') => {
      if (event === 'calls_refused') metrics.count(MetricName.callsRefusedTotal, { reason: detail });
      else metrics.count(MetricName.telephonyEventsTotal, { event, detail });
    },
  };
}

interface ConfigurationParts {
  readonly config: Config;
  readonly environment: Environment;
  readonly storage: Storage;
  readonly flows: FlowLibrary;
  readonly clock: Clock;
  readonly log: Log;
}

/** The stored configuration in force; on a first start the document that `TURNKEEPER_DOCUMENT` names. */
async function loadConfiguration({
  config,
  environment,
  storage,
  flows,
  clock,
  log,
}: ConfigurationParts): Promise<Provisioning> {
  const provisioning = new Provisioning({
    transactions: storage,
    box: openSecretBox(config),
    clock,
    log,
    realm: config.realm,
    knownFlows: () => new Set(flows.names),
    knownPrompts: () => flows.prompts,
    environment: (name) => environment[name],
    ...(config.secretVariables && { secretVariables: config.secretVariables }),
    check: documentChecker({ spawn: spawnWorker, clock }),
  });
  if ((await provisioning.load()) > 0) return provisioning;
  const text = await readFile(config.documentPath, 'utf8');
  const actor = { kind: 'system', part: 'first start' } as const;
  const outcome = await provisioning.apply(text, config.documentPath, actor, { dryRun: false });
  if (outcome.kind === 'refused') {
    throw new AppError('CONFIGURATION_REFUSED', `${config.documentPath} was refused`, {
      faults: outcome.faults,
    });
  }
  return provisioning;
}

/** What `start` has made so far. */
interface Parts extends Pick<StartOptions, 'config' | 'version' | 'log'> {
  readonly storage: Storage;
  readonly provisioning: Provisioning;
  readonly engine: Engine;
  readonly cases: CaseDesk;
  readonly telephony: TelephonyAdapter;
  readonly recordings: Recordings;
  readonly notifications: Notifications;
  readonly metrics: PrometheusMetrics;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly flows: FlowLibrary;
}

function newApplication(parts: Parts, callIn: CallInService): ApplicationService {
  const { config, storage, provisioning, engine, telephony, clock } = parts;
  return new ApplicationService({
    unitOfWork: storage,
    runner: engine.runner,
    router: engine.router,
    registry: engine.registry,
    waits: engine.waits,
    slots: engine.slots,
    callIn,
    directory: provisioning.directory,
    telephony,
    numberGate: numberGate(clock, () => provisioning.directory.apiLimits(), config.http),
    nowMs: () => clock.nowMs(),
    openCallbackCount: (queue) => engine.openCallbacks.count(queue),
    loads: () => ({
      inboundCallCount: engine.inboundCalls.callCount,
      customerCallCount: engine.callbackCalls.callCount,
      openCallbacks: [...engine.openCallbacks.counts()],
    }),
    health: () => healthParts(parts),
    ready: () => healthParts(parts).every(({ ok }) => ok),
  });
}

/** Listens, and leaves word for operator commands on this machine; resolves to the URL. */
async function serveHttp(parts: Parts, started: Started): Promise<string> {
  const { config, version, storage, provisioning, engine, telephony, metrics, log, clock, ids } = parts;
  const callIns = new CallInService({
    unitOfWork: storage,
    directory: provisioning.directory,
    clock,
    ids,
    log,
    notifications: parts.notifications.desk,
    numberGate: numberGate(clock, () => provisioning.directory.apiLimits(), config.http),
  });
  const application = newApplication(parts, callIns);
  const replays = new HistoryReplay(storage);
  const tracing = new SipCallTracing({
    trace: telephony.trace,
    clock,
    sipCallIdOf: (callId) => engine.inboundCalls.sipCallIdOf(callId),
    numberOf: (callbackId) => engine.openCallbacks.find(callbackId)?.customerNumber,
  });
  const { requestsPerMinuteMax, callbacksPerNumberPerHourMax: _gated, oidc, ...httpSettings } = config.http;
  const principalRate = { ...defaultHttpConfig.principalRate, perMinuteMax: requestsPerMinuteMax };
  const http = buildHttpServer({
    recordings: parts.recordings,
    application,
    callIns,
    notifications: new NotificationList({ unitOfWork: storage, clock, wake: parts.notifications.wake }),
    push: parts.notifications.push,
    workspace: openWorkspace(parts, parts.cases, application, started),
    access: storage.access,
    audit: storage.audit,
    idempotency: storage.idempotency,
    errors: storage.errors,
    areas: storage.areas,
    provisioning,
    limits: () => provisioning.directory.apiLimits(),
    captcha: new CaptchaGate({ keySets: () => provisioning.directory.captchaKeys(), clock, log }),
    replay: (id) => replays.replay(id),
    tracing,
    metrics,
    log,
    clock,
    ids,
    config: {
      ...defaultHttpConfig,
      ...httpSettings,
      version,
      principalRate,
      ...(oidc === undefined ? {} : { oidc }),
    },
  });
  const { url } = await http.listen();
  started.push(() => http.close());
  started.push(await publishOperatorToken(parts, url));
  return url;
}

async function publishOperatorToken(
  { config, storage, clock, ids }: Parts,
  url: string,
): Promise<() => Promise<void>> {
  const remove = async (): Promise<void> => {
    for (const key of await storage.access.listApiKeys()) {
      if (key.name === OPERATOR_KEY_NAME) await storage.access.deleteApiKey(key.id);
    }
  };
  await remove();
  const wanted = {
    name: OPERATOR_KEY_NAME,
    role: 'Administrator',
    // Nobody gives a key more than they have: operators give any.
    scopes: ['native', 'ges', 'gms'],
    createdBy: 'system',
    expiresAtMs: null,
  } as const;
  const { secret, key } = newApiKey(ids, clock, wanted);
  await storage.access.insertApiKey(key);
  publishRunningServer(config.dataDirectory, { baseUrl: url, token: secret });
  return async () => {
    withdrawRunningServer(config.dataDirectory);
    await remove();
  };
}
