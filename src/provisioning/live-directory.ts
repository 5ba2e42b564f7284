import type { BusinessHours } from '../calendar/business-hours.ts';
import type { CapacityRuleSettings } from '../calendar/capacity-rule.ts';
import { SlotCalendar } from '../calendar/slot-calendar.ts';
import { originOf, type SettingKey, settingKeys, type SettingOrigin } from '../callback/queue-row.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import { assert } from '../kernel/errors.ts';
import type { CallInGroup } from '../callin/call-in-group.ts';
import { satisfiesSkills } from '../routing/skill-expression.ts';
import type { PushCredentials } from '../notify/push-credentials.ts';
import type { WebhookSettings } from '../notify/webhook-settings.ts';
import type { CaptchaKeys } from '../screening/captcha-keys.ts';
import type { NumberRule } from '../screening/number-rule.ts';
import type { Did, Trunk } from '../telephony/directory.ts';
import type { DigestSecret, TelephonyDirectory } from '../telephony/telephony-directory.ts';
import type { ApiLimits } from './api-limits.ts';
import { buildView, type DirectoryAgent, type DirectoryView, withoutPlus } from './directory-view.ts';
import { type ConfigurationDocument, emptyDocument } from './document.ts';
import { reasonsInForce } from './not-ready-reasons.ts';
import type { SecretBox } from './secret-box.ts';

/** A capacity rule with the queues that it is assigned to. */
export interface CapacityRuleView extends CapacityRuleSettings {
  readonly queues: readonly string[];
}

/** One setting of a queue as it is in force. */
export interface SettingInForce {
  readonly key: SettingKey;
  /** Null where an optional setting is not set. */
  readonly value: unknown;
  readonly origin: SettingOrigin;
}

/** Called after the directory has changed, with the configuration version now in force. */
export type DirectoryListener = (version: number) => void;

/** Listeners at most; more means that somebody forgets to unsubscribe. */
const LISTENERS_MAX = 100;

/**
 * The configuration in force as rooms read it: in memory, immutable between applies, replaced as a whole.
 * Passwords stay inside; agents' are turned into HA1 values of the realm when a configuration is loaded.
 */
export class LiveDirectory implements TelephonyDirectory {
  readonly realm: string;
  readonly #box: SecretBox;
  readonly #listeners = new Set<DirectoryListener>();
  #view: DirectoryView;

  constructor(realm: string, box: SecretBox) {
    this.realm = realm;
    this.#box = box;
    this.#view = buildView(emptyDocument, 0, realm, box);
  }

  /** 0 until something has been applied. */
  get version(): number {
    return this.#view.version;
  }

  /**
   * Puts a stored configuration in force and tells the listeners.
   * @throws AppError SECRET_UNREADABLE, naming the entry, when a secret cannot be opened; the old one stays
   * in force.
   */
  replace(document: ConfigurationDocument, version: number): void {
    this.#view = buildView(document, version, this.realm, this.#box);
    for (const listener of this.#listeners) listener(version);
  }

  /** Calls `listener` after every change; returns the way to stop. */
  onChange(listener: DirectoryListener): () => void {
    assert(this.#listeners.size < LISTENERS_MAX, `at most ${LISTENERS_MAX} listeners of the directory`);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  queues(): readonly QueueSettings[] {
    return this.#view.queueList;
  }

  queue(name: string): QueueSettings | undefined {
    return this.#view.queues.get(name);
  }

  /** What is in force for a queue, key by key in the order of the schema, and where it comes from. */
  queueSettings(name: string): readonly SettingInForce[] | undefined {
    const { document, queues } = this.#view;
    const settings = queues.get(name);
    const row = document.queues.find((written) => written.name === name);
    if (!settings || !row) return undefined;
    return settingKeys.map((key) => ({
      key,
      value: settings[key] ?? null,
      origin: originOf(key, row, document.queueDefaults),
    }));
  }

  numberRule(name: string): NumberRule | undefined {
    return this.#view.numberRules.get(name);
  }

  /** The CAPTCHA key sets with their secrets: for the gate alone. */
  captchaKeys(): readonly CaptchaKeys[] {
    return this.#view.captcha;
  }

  /** The push credentials with their keys: for the sender alone. */
  pushCredentials(): readonly PushCredentials[] {
    return this.#view.pushCredentials;
  }

  /** The webhooks with their secrets: for the sender alone. */
  webhooks(): readonly WebhookSettings[] {
    return this.#view.webhooks;
  }

  numberRules(): readonly NumberRule[] {
    return [...this.#view.numberRules.values()];
  }

  agents(): readonly DirectoryAgent[] {
    return this.#view.agentList;
  }

  agent(id: string): DirectoryAgent | undefined {
    return this.#view.agents.get(id);
  }

  /**
   * Ids of agents who satisfy the queue's skill expression, in the order of the document; empty for no such
   * queue.
   */
  agentsOf(queue: string): readonly string[] {
    const view = this.#view;
    const known = view.agentsOf.get(queue);
    if (known) return known;
    const expression = view.expressions.get(queue);
    if (!expression) return [];
    const ids = view.agentList
      .filter(({ skills }) => satisfiesSkills(expression, skills))
      .map(({ id }) => id);
    const frozen = Object.freeze(ids);
    view.agentsOf.set(queue, frozen);
    return frozen;
  }

  agentBySipUser(user: string): { readonly agentId: string; readonly ha1: DigestSecret } | undefined {
    return this.#view.agentsBySipUser.get(user);
  }

  /** The DID dialled, with or without a leading plus; a number of a call-in pool is one of its group's. */
  did(dialled: string): Did | undefined {
    const known = this.#view.dids.get(withoutPlus(dialled));
    if (known) return known;
    const group = this.callInGroupOf(dialled);
    return group && { number: dialled, flow: group.flow, queue: group.queue, language: group.language };
  }

  callInGroup(name: string): CallInGroup | undefined {
    return this.#view.callInGroups.get(name);
  }

  callInGroups(): readonly CallInGroup[] {
    return [...this.#view.callInGroups.values()];
  }

  /** The group whose pool has the number dialled. */
  callInGroupOf(dialled: string): CallInGroup | undefined {
    return this.#view.pools.get(withoutPlus(dialled));
  }

  dids(): readonly Did[] {
    return this.#view.didList;
  }

  trunks(): readonly Trunk[] {
    return this.#view.trunks;
  }

  /** True for an enabled trunk that knows where calls go. */
  mayDialThrough(trunk: string): boolean {
    return this.#view.trunks.some(
      ({ name, enabled, outboundHost }) => name === trunk && enabled && outboundHost !== undefined,
    );
  }

  trunkPassword(name: string): string | undefined {
    return this.#view.trunkPasswords.get(name);
  }

  businessHours(name: string): BusinessHours | undefined {
    return this.#view.hours.get(name);
  }

  /** Every capacity rule in force with the queues that it is assigned to. */
  capacityRules(): readonly CapacityRuleView[] {
    const { document, queueList } = this.#view;
    return document.capacityRules.map((rule) => ({
      ...rule,
      queues: queueList.filter(({ capacityRule }) => capacityRule === rule.name).map(({ name }) => name),
    }));
  }

  /** The slots of a queue: its business hours, slot settings and capacity rule. */
  slotCalendar(queue: string): SlotCalendar | undefined {
    const { queues, hours, capacityRules, slotCalendars } = this.#view;
    const known = slotCalendars.get(queue);
    if (known) return known;
    const settings = queues.get(queue);
    if (!settings) return undefined;
    const { businessHours = '', capacityRule = '' } = settings;
    const calendar = new SlotCalendar(settings, hours.get(businessHours), capacityRules.get(capacityRule));
    slotCalendars.set(queue, calendar);
    return calendar;
  }

  /** What agents may give as a reason for not being ready. */
  notReadyReasons(): readonly string[] {
    return reasonsInForce(this.#view.document.notReadyReasons);
  }

  /** How much the APIs take, as far as the document says. */
  apiLimits(): ApiLimits {
    return this.#view.document.limits;
  }

  /** True for a queue without business hours; false for no such queue. */
  isOpen(queue: string, atMs: number): boolean {
    const settings = this.#view.queues.get(queue);
    if (!settings) return false;
    if (settings.businessHours === undefined) return true;
    return this.#view.hours.get(settings.businessHours)?.isOpen(atMs) ?? false;
  }
}
