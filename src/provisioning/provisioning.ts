import type { Actor } from '../callback/callback.ts';
import type { UnitOfWork } from '../callback/callback-store.ts';
import type { CallInGroup } from '../callin/call-in-group.ts';
import type { Clock } from '../kernel/clock.ts';
import { AppError, type Fault } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { AgentTx } from '../routing/agent.ts';
import type { ConfigurationTx, ConfigurationVersion } from './configuration-store.ts';
import { type ConfigurationDiff, diffDocuments, isEmptyDiff, summarizeDiff } from './document-diff.ts';
import { type ConfigurationDocument, emptyDocument, type SectionName, sections } from './document.ts';
import { exportDocument } from './export-document.ts';
import { type CapacityRuleView, LiveDirectory, type SettingInForce } from './live-directory.ts';
import {
  numberRuleViews,
  type NumberRuleView,
  testNumber,
  type NumberTestOutcome,
  type NumberTestRequest,
} from './number-test.ts';
import { resealedDocument } from './reseal-document.ts';
import { sealDocument, type SealingContext } from './seal-document.ts';
import type { SecretBox } from './secret-box.ts';
import { noSecrets, secretPlaceOf } from './secret-place.ts';
import { normalForm } from './stored-document.ts';
import { validateDocument, type ValidationContext, type ValidationOutcome } from './validate-document.ts';

/** What provisioning works with. */
export interface ProvisioningOptions {
  readonly transactions: UnitOfWork<ConfigurationTx & AgentTx>;
  readonly box: SecretBox;
  readonly clock: Clock;
  readonly log: Log;
  /** Digest realm of agents' phones. */
  readonly realm: string;
  /** Names of the flows that exist now; undefined: references to flows are not checked. */
  readonly knownFlows?: () => ReadonlySet<string>;
  /** Prompts that can be said now; undefined: references to prompts are not checked. */
  readonly knownPrompts?: () => ReadonlySet<string>;
  /** Reads the environment for `{env: NAME}` secrets. */
  readonly environment: (name: string) => string | undefined;
  readonly secretVariables?: NonNullable<SealingContext['secretVariables']>;
  /** Checks a document in another thread where calls must not wait for it; default: at once, here. */
  readonly check?: (text: string, context: ValidationContext) => Promise<ValidationOutcome>;
}

/**
 * What became of a document. `version` is the one in force afterwards, also when nothing changed or on a dry
 * run.
 */
export type ApplyOutcome =
  | { readonly kind: 'applied'; readonly version: number; readonly diff: ConfigurationDiff }
  | { readonly kind: 'refused'; readonly faults: readonly Fault[] };

/** A phone's credentials, for showing a newcomer what to type; never logged. */
export interface PhoneCredentials {
  readonly agentId: string;
  readonly name: string;
  readonly sipUser: string;
  readonly password: string;
}

/**
 * Configuration as code: one document, checked as a whole, applied all or nothing, kept in versions, in force
 * at once. Applies are carried out one after another.
 */
export class Provisioning {
  readonly directory: LiveDirectory;
  readonly #options: ProvisioningOptions;
  #document: ConfigurationDocument = emptyDocument;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ProvisioningOptions) {
    this.#options = options;
    this.directory = new LiveDirectory(options.realm, options.box);
  }

  /**
   * Puts the stored configuration in force; to be called once at the start. Secrets sealed under the previous
   * key, or in a form of the past, are sealed anew and stored as a version of their own.
   * @param options `withoutSecrets`: where secrets cannot be opened, everything else is in force, so that a
   * document with new ones can be applied.
   * @returns its version, 0 when there is none.
   * @throws AppError SECRET_UNREADABLE or CONFIGURATION_UNREADABLE when the stored one cannot be used.
   */
  async load(options: { readonly withoutSecrets?: boolean } = {}): Promise<number> {
    const latest = await this.#options.transactions.transact((tx) => tx.latestConfiguration());
    if (!latest) return 0;
    const stored = normalForm(latest.document);
    const resealed = resealedDocument(stored, this.#options.box);
    const document = resealed ?? stored;
    const version = resealed ? latest.version + 1 : latest.version;
    try {
      this.directory.replace(document, version);
    } catch (error) {
      const isUnreadable = error instanceof AppError && error.code === 'SECRET_UNREADABLE';
      if (!options.withoutSecrets || !isUnreadable) throw error;
      this.directory.replace({ ...document, ...noSecrets }, latest.version);
      this.#options.log.warn({ reason: error.message }, 'entries with secrets are not in force');
      this.#document = stored;
      return latest.version;
    }
    if (resealed) await this.#storeResealed(stored, resealed, version);
    this.#document = document;
    return version;
  }

  /** From now on neither the previous key nor the past form is needed. */
  async #storeResealed(
    before: ConfigurationDocument,
    document: ConfigurationDocument,
    version: number,
  ): Promise<void> {
    const { box, clock, log, transactions } = this.#options;
    const actor: Actor = { kind: 'system', part: 'secret key' };
    await transactions.transact((tx) =>
      tx.insertConfiguration({
        version,
        appliedAtMs: clock.nowMs(),
        actor,
        fileName: 'secret key',
        document,
        diff: diffDocuments(before, document),
      }),
    );
    log.info({ version, keyId: box.keyId }, 'secrets are sealed anew');
  }

  /**
   * Applies a document, or tells every fault and changes nothing. `dryRun` stores nothing and tells what
   * would change. Rejects with AppError when the store fails.
   */
  apply(
    text: string,
    fileName: string,
    actor: Actor,
    options: { readonly dryRun: boolean },
  ): Promise<ApplyOutcome> {
    const run = this.#last.then(() => this.#apply(text, fileName, actor, options.dryRun));
    this.#last = run.catch(() => undefined);
    return run;
  }

  /**
   * Puts one entry of a section in place of the one of the same name, or adds it; undefined removes it.
   * Everything else stays as it is. `apply` of the whole in all other respects.
   */
  edit(
    section: SectionName,
    name: string,
    entry: object | undefined,
    actor: Actor,
    options: { readonly dryRun: boolean },
  ): Promise<ApplyOutcome> {
    const run = this.#last.then(() => {
      const text = exportDocument(withEntry(this.#document, section, name, entry));
      return this.#apply(text, `${section}/${name}`, actor, options.dryRun);
    });
    this.#last = run.catch(() => undefined);
    return run;
  }

  /** The document in force as YAML, secrets sealed. */
  export(): string {
    return exportDocument(this.#document);
  }

  /** What is in force for a queue, key by key, and where it comes from; undefined: no such queue. */
  queueSettings(name: string): readonly SettingInForce[] | undefined {
    return this.directory.queueSettings(name);
  }

  /** Every capacity rule in force with the queues that it is assigned to. */
  capacityRules(): readonly CapacityRuleView[] {
    return this.directory.capacityRules();
  }

  /** Click-To-Call-In groups in force. */
  callInGroups(): readonly CallInGroup[] {
    return this.directory.callInGroups();
  }

  /** Every number rule in force with the queues that it is assigned to. */
  numberRules(): readonly NumberRuleView[] {
    return numberRuleViews(this.directory);
  }

  /** Tries a number on a rule without making anything. */
  testNumber(rule: string, request: NumberTestRequest): NumberTestOutcome {
    return testNumber(this.directory, rule, request);
  }

  /** Who applied what and when, newest first. */
  history(limit: number): Promise<Omit<ConfigurationVersion, 'document'>[]> {
    return this.#options.transactions.transact((tx) => tx.configurationHistory(limit));
  }

  /** The phones' passwords in plain text: for the one place where a demo shows them on the terminal. */
  phoneCredentials(): PhoneCredentials[] {
    return this.#document.agents.map((agent) => {
      const { id, name, sipUser, password } = agent;
      const place = secretPlaceOf('agents', agent);
      const outcome = typeof password === 'string' ? this.#options.box.open(password, place) : undefined;
      return { agentId: id, name, sipUser, password: outcome?.kind === 'opened' ? outcome.plain : '' };
    });
  }

  /** Checks without storing anything. Secrets are not resolved. */
  async #check(text: string): Promise<ValidationOutcome> {
    const { knownFlows, knownPrompts, check = validateDocument } = this.#options;
    return check(text, {
      ...(knownFlows && { knownFlows: knownFlows() }),
      ...(knownPrompts && { knownPrompts: knownPrompts() }),
    });
  }

  async #apply(text: string, fileName: string, actor: Actor, dryRun: boolean): Promise<ApplyOutcome> {
    const { box, clock, log, environment, secretVariables, transactions } = this.#options;
    const checked = await this.#check(text);
    if (checked.kind === 'refused') return checked;
    const before = this.#document;
    const sealed = sealDocument(checked.document, {
      box,
      environment,
      before,
      source: checked.source,
      ...(secretVariables && { secretVariables }),
    });
    if (sealed.faults.length > 0) return { kind: 'refused', faults: sealed.faults };
    const { document } = sealed;
    const diff = diffDocuments(before, document);
    const outcome = await transactions.transact(async (tx): Promise<ApplyOutcome> => {
      const faults = await inUseFaults(tx, diff);
      if (faults.length > 0) return { kind: 'refused', faults };
      const { version } = this.directory;
      if (dryRun || isEmptyDiff(diff)) return { kind: 'applied', version, diff };
      await tx.insertConfiguration({
        version: version + 1,
        appliedAtMs: clock.nowMs(),
        actor,
        fileName: fileName.slice(0, 255),
        document,
        diff,
      });
      return { kind: 'applied', version: version + 1, diff };
    });
    if (outcome.kind === 'applied' && !dryRun && outcome.version !== this.directory.version) {
      this.#document = document;
      this.directory.replace(document, outcome.version);
      const fields = { version: outcome.version, fileName, actor, change: summarizeDiff(diff) };
      log.info(fields, 'configuration applied');
    }
    return outcome;
  }
}

function withEntry(
  document: ConfigurationDocument,
  section: SectionName,
  name: string,
  entry: object | undefined,
): ConfigurationDocument {
  const { key } = sections[section];
  const before = document[section] as readonly Readonly<Record<string, unknown>>[];
  const at = before.findIndex((each) => each[key] === name);
  const after = [...before];
  if (at < 0) after.push(...(entry ? [entry as Record<string, unknown>] : []));
  else after.splice(at, 1, ...(entry ? [entry as Record<string, unknown>] : []));
  return { ...document, [section]: after };
}

/** What is removed must not be in use: open callbacks would have no queue, a call no agent. */
async function inUseFaults(tx: ConfigurationTx & AgentTx, diff: ConfigurationDiff): Promise<Fault[]> {
  const removed = new Set(diff.removed);
  if (removed.size === 0) return [];
  const faults: Fault[] = [];
  for (const [queue, count] of await tx.openCallbackCounts()) {
    if (!removed.has(`queues/${queue}`)) continue;
    const noun = count === 1 ? 'callback' : 'callbacks';
    const message = `queue ${queue} has ${count} open ${noun} and cannot be removed; cancel or finish them first`;
    faults.push({ path: 'queues', message, value: queue });
  }
  for (const status of await tx.agentStatuses()) {
    if (status.subjectId === null || !removed.has(`agents/${status.agentId}`)) continue;
    const message = `agent ${status.agentId} is ${status.state} and cannot be removed; try again after the work`;
    faults.push({ path: 'agents', message, value: status.agentId });
  }
  return faults;
}
