import { type CallbackPolicy, policyOf } from '../callback/callback-policy.ts';
import type { CallbackTx, UnitOfWork } from '../callback/callback-store.ts';
import { type ReplayOutcome, replayHistory } from '../callback/replay.ts';
import { AppError } from '../kernel/errors.ts';
import type { CallbackId } from '../kernel/ids.ts';
import type { ConfigurationTx } from '../provisioning/configuration-store.ts';
import type { ConfigurationDocument } from '../provisioning/document.ts';
import { LiveDirectory } from '../provisioning/live-directory.ts';
import { SecretBox } from '../provisioning/secret-box.ts';
import { noSecrets } from '../provisioning/secret-place.ts';
import { endOfBusinessDay } from './end-of-day.ts';

/** Lines of one callback's history; more than any life has. */
const EVENTS_MAX = 10_000;
/** Configuration versions looked through, newest first. */
const VERSIONS_MAX = 1000;

/** Nothing sealed is opened. */
const UNUSED_KEY = Buffer.alloc(32);

/** A configuration version as replays need it. */
interface Version {
  readonly appliedAtMs: number;
  readonly directory: LiveDirectory;
}

/** Runs recorded histories through the callback machine again, each step by the settings of its time. */
export class HistoryReplay {
  readonly #store: UnitOfWork<CallbackTx & ConfigurationTx>;

  constructor(store: UnitOfWork<CallbackTx & ConfigurationTx>) {
    this.#store = store;
  }

  /** Undefined when there is no such callback. */
  async replay(id: CallbackId): Promise<ReplayOutcome | undefined> {
    const found = await this.#store.transact(async (tx) => {
      const callback = await tx.findCallback(id);
      if (!callback) return undefined;
      const events = await tx.eventsOf(id, EVENTS_MAX);
      const instants = events.map(({ atMs }) => atMs);
      return { callback, events, versions: await this.#versions(tx, instants) };
    });
    if (!found) return undefined;
    const { callback, events, versions } = found;
    if (versions.length === 0) {
      return { kind: 'incomplete', message: 'the configuration of that time is not kept' };
    }
    return replayHistory(callback, events, (atMs) => policyAt(versions, callback.virtualQueue, atMs));
  }

  /** The versions that were in force between the first and the last of these instants, newest first. */
  async #versions(tx: ConfigurationTx, instants: readonly number[]): Promise<Version[]> {
    const fromMs = Math.min(...instants);
    const toMs = Math.max(...instants);
    const needed: Version[] = [];
    for (const { version, appliedAtMs } of await tx.configurationHistory(VERSIONS_MAX)) {
      if (appliedAtMs > toMs) continue;
      const stored = await tx.configurationByVersion(version);
      if (!stored) continue;
      const directory = new LiveDirectory('replay', new SecretBox(UNUSED_KEY));
      directory.replace(withoutSealed(stored.document), version);
      needed.push({ appliedAtMs, directory });
      if (appliedAtMs <= fromMs) break;
    }
    return needed;
  }
}

/** Nobody's phone, key or webhook matters to a replay, and no secret is opened for it. */
function withoutSealed(document: ConfigurationDocument): ConfigurationDocument {
  return { ...document, ...noSecrets };
}

/** The settings in force then; while the queue was not configured, those it had before or has had since. */
function policyAt(versions: readonly Version[], queue: string, atMs: number): CallbackPolicy {
  const older = versions.filter(({ appliedAtMs }) => appliedAtMs <= atMs);
  for (const { directory } of [...older, ...versions]) {
    const settings = directory.queue(queue);
    if (settings) return policyOf(settings, (instantMs) => endOfBusinessDay(directory, queue, instantMs));
  }
  throw new AppError('QUEUE_UNKNOWN', `virtual queue ${queue} stands in no configuration that is kept`);
}
