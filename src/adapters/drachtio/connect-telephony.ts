import type { Clock } from '../../kernel/clock.ts';
import { AppError, messageOf } from '../../kernel/errors.ts';
import type { IdSource } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import { CallAdmission } from '../../telephony/call-admission.ts';
import type { AdmissionLimits, AdmissionStats } from '../../telephony/call-admission.ts';
import type { Counters } from '../../telephony/counters.ts';
import type { OpenLegStore } from '../../telephony/open-leg.ts';
import { Registrar } from '../../telephony/registrar.ts';
import type { Binding, RegistrationStore } from '../../telephony/registration.ts';
import type { TelephonyDirectory } from '../../telephony/telephony-directory.ts';
import type { Telephony } from '../../telephony/telephony.ts';
import { withDeadline } from '../freeswitch/deadline.ts';
import { MediaServer } from '../freeswitch/media-server.ts';
import type { MediaServerHealth } from '../freeswitch/media-server.ts';
import { DIALOG_CHECK_INTERVAL_MS } from './dialog-watch.ts';
import { LegJournal } from './leg-journal.ts';
import { mediaSip } from './media-sip.ts';
import { EventLoopLag } from './event-loop-lag.ts';
import { RegistrationService } from './registration-service.ts';
import { SipLink } from './sip-link.ts';
import type { SipLinkHealth } from './sip-link.ts';
import { SipTelephony } from './sip-telephony.ts';
import { SipTrace } from './sip-trace.ts';
import type { TelephonyConfig } from './telephony-config.ts';
import { TrunkUse } from './trunk-use.ts';

/** What {@link connectTelephony} needs. */
export interface ConnectTelephonyOptions {
  readonly config: TelephonyConfig;
  readonly directory: TelephonyDirectory;
  readonly registrations: RegistrationStore;
  /** What was up at the SIP server when a process before this one was killed. */
  readonly openLegs: OpenLegStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly counters: Counters;
  /** How long what is stored now has waited for the disk, ms. Default: never. */
  readonly diskWaitMs?: () => number;
}

/** How telephony is, in one look. */
export interface TelephonyHealth {
  readonly sip: SipLinkHealth;
  readonly media: MediaServerHealth;
  readonly legCount: number;
  readonly registeredContactCount: number;
  readonly eventLoopLagMs: number;
}

/** Telephony over a SIP server and a media server, real or embedded. */
export interface TelephonyAdapter extends Telephony {
  health(): TelephonyHealth;
  readonly trace: SipTrace;
  admissionStats(): AdmissionStats;
  setAdmissionLimits(limits: AdmissionLimits): void;
  /** The program serves: from now on event-loop lag counts in the admission of calls. Idempotent. */
  started(): void;
  /** Calls in progress by trunk. */
  trunkCallCounts(): ReadonlyMap<string, number>;
  /** Live registrations. */
  registrations(): readonly Binding[];
  /**
   * Ends all calls (BYE, CANCEL, 503), then disconnects; takes at most `deadlineMs` (default 5 000).
   * Idempotent.
   */
  close(deadlineMs?: number): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** A disk that takes so long is one that new callers would wait for in silence: it counts as lag. */
const DISK_WAIT_MIN_MS = 1000;
const KEEP_ALIVE_INTERVAL_MS = 30_000;
const CLOSE_DEADLINE_MS = 5000;
/** How long a start waits for the calls of a killed process to be ended. */
const ORPHANS_DEADLINE_MS = 2000;

/**
 * Connects to both servers and takes calls from then on. Afterwards losses are mended by reconnecting.
 * @throws AppError SIP_SERVER_UNREACHABLE, SIP_SERVER_REFUSED, MEDIA_SERVER_UNREACHABLE, MEDIA_SERVER_REFUSED
 * or MEDIA_SERVER_PROFILE_MISSING when a server cannot be reached in `config.connectTimeoutMs`; nothing is
 * left open.
 */
export async function connectTelephony(options: ConnectTelephonyOptions): Promise<TelephonyAdapter> {
  const parts = assemble(options);
  const { link, media, registrar, journal } = parts;
  link.onLost(() => {
    journal.lost();
    parts.telephony.sipLost();
  });
  try {
    await Promise.all([registrar.load(), journal.load()]);
    const timeoutMs = options.config.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    await Promise.all([link.connect(timeoutMs), media.connect(timeoutMs)]);
  } catch (thrown) {
    await dispose(parts);
    throw thrown instanceof AppError
      ? thrown
      : new AppError('TELEPHONY_START_FAILED', messageOf(thrown), { cause: thrown });
  }
  // Before anybody is called: who sits in dead air would be busy.
  const endOrphans = (): Promise<void> =>
    journal.endOrphans({ srf: link.srf, killChannel: (uuid) => media.killChannel(uuid) });
  await withDeadline(options.clock, ORPHANS_DEADLINE_MS, endOrphans());
  link.onConnected(() => {
    media.warmUp();
    void endOrphans();
  });
  link.onConnected(() => parts.telephony.serverConnected());
  media.onConnected(() => parts.telephony.serverConnected());
  media.warmUp();
  parts.registration.start();
  return adapterOf(parts);
}

/** The parts of telephony, made but not connected. */
interface Assembly {
  readonly telephony: SipTelephony;
  readonly link: SipLink;
  readonly media: MediaServer;
  readonly registrar: Registrar;
  readonly registration: RegistrationService;
  readonly admission: CallAdmission;
  readonly trace: SipTrace;
  readonly lag: EventLoopLag;
  readonly journal: LegJournal;
}

function assemble({
  config,
  directory,
  clock,
  log,
  counters,
  ids,
  registrations,
  openLegs,
  diskWaitMs = () => 0,
}: ConnectTelephonyOptions): Assembly {
  const trace = new SipTrace(clock);
  const lag = new EventLoopLag(clock);
  const journal = new LegJournal(openLegs, clock, log);
  const diskLagMs = (): number => (diskWaitMs() < DISK_WAIT_MIN_MS ? 0 : diskWaitMs());
  const admission = new CallAdmission(config.admission, clock, () => Math.max(lag.lagMs, diskLagMs()));
  const registrar = new Registrar({
    directory,
    store: registrations,
    clock,
    log,
    counters,
    ...(config.digestAlgorithms && { algorithms: config.digestAlgorithms }),
  });
  const keepAliveIntervalMs = config.keepAliveIntervalMs ?? KEEP_ALIVE_INTERVAL_MS;
  const registration = new RegistrationService({
    registrar,
    clock,
    log,
    link: () => link,
    keepAliveIntervalMs,
  });
  const telephony = new SipTelephony({
    directory,
    registrar,
    admission,
    trunkUse: new TrunkUse(directory),
    clock,
    ids,
    log,
    counters,
    journal,
    dialogCheckIntervalMs: config.dialogCheckIntervalMs ?? DIALOG_CHECK_INTERVAL_MS,
    link: () => link,
    media: () => media,
  });
  const routes = { ...telephony.routes, register: registration.handle };
  const link = new SipLink(config.sipServer, routes, trace, clock, log);
  const media = new MediaServer(config.mediaServer, mediaSip(link), clock, log, counters);
  return { telephony, link, media, registrar, registration, admission, trace, lag, journal };
}

function adapterOf(parts: Assembly): TelephonyAdapter {
  const { telephony, link, media, registrar, admission, lag } = parts;
  let closing: Promise<void> | undefined;
  return Object.assign(telephony, {
    trace: parts.trace,
    health: (): TelephonyHealth => ({
      sip: link.health,
      media: media.health,
      legCount: telephony.legCount,
      registeredContactCount: registrar.bindings().length,
      eventLoopLagMs: lag.lagMs,
    }),
    admissionStats: () => admission.stats,
    setAdmissionLimits: (limits: AdmissionLimits) => admission.setLimits(limits),
    started: () => lag.start(),
    trunkCallCounts: () => telephony.callCountsByTrunk,
    registrations: () => registrar.bindings(),
    close: (deadlineMs = CLOSE_DEADLINE_MS) => {
      closing ??= telephony.endAll(deadlineMs).then(() => dispose(parts));
      return closing;
    },
  });
}

async function dispose(parts: Assembly): Promise<void> {
  parts.registration.close();
  parts.lag.close();
  await parts.media.close();
  parts.link.close();
  await parts.journal.close();
}
