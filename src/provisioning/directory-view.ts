import { createHash } from 'node:crypto';
import { BusinessHours } from '../calendar/business-hours.ts';
import { CapacityRule } from '../calendar/capacity-rule.ts';
import type { SlotCalendar } from '../calendar/slot-calendar.ts';
import { effectiveSettings } from '../callback/queue-row.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import { AppError, assert } from '../kernel/errors.ts';
import type { CallInGroup } from '../callin/call-in-group.ts';
import { parseSkillExpression, type SkillExpression } from '../routing/skill-expression.ts';
import type { PushCredentials } from '../notify/push-credentials.ts';
import type { WebhookSettings } from '../notify/webhook-settings.ts';
import type { CaptchaKeys } from '../screening/captcha-keys.ts';
import { NumberRule } from '../screening/number-rule.ts';
import type { Agent, Did, Trunk } from '../telephony/directory.ts';
import type { DigestSecret } from '../telephony/telephony-directory.ts';
import type { ConfigurationDocument } from './document.ts';
import { SecretBox } from './secret-box.ts';
import { secretPlaceOf, secretPlaces, type SecretSection } from './secret-place.ts';

/** An agent as configured, without the password. */
export type DirectoryAgent = Omit<Agent, 'password'>;

/** One configuration made ready for use; never changed once built. */
export interface DirectoryView {
  readonly version: number;
  /** As written. */
  readonly document: ConfigurationDocument;
  readonly queues: ReadonlyMap<string, QueueSettings>;
  readonly queueList: readonly QueueSettings[];
  readonly expressions: ReadonlyMap<string, SkillExpression>;
  readonly agents: ReadonlyMap<string, DirectoryAgent>;
  readonly agentList: readonly DirectoryAgent[];
  readonly agentsBySipUser: ReadonlyMap<string, { readonly agentId: string; readonly ha1: DigestSecret }>;
  readonly dids: ReadonlyMap<string, Did>;
  readonly didList: readonly Did[];
  readonly trunks: readonly Trunk[];
  readonly trunkPasswords: ReadonlyMap<string, string>;
  readonly numberRules: ReadonlyMap<string, NumberRule>;
  readonly captcha: readonly CaptchaKeys[];
  readonly pushCredentials: readonly PushCredentials[];
  readonly webhooks: readonly WebhookSettings[];
  readonly callInGroups: ReadonlyMap<string, CallInGroup>;
  /** By the digits of their numbers. */
  readonly pools: ReadonlyMap<string, CallInGroup>;
  readonly hours: ReadonlyMap<string, BusinessHours>;
  readonly capacityRules: ReadonlyMap<string, CapacityRule>;
  /** Filled at first use. */
  readonly slotCalendars: Map<string, SlotCalendar>;
  /** Filled at first use: 10 000 agents × 200 queues are not matched at every apply. */
  readonly agentsOf: Map<string, readonly string[]>;
}

/**
 * Builds what the directory looks things up in.
 * @throws AppError SECRET_UNREADABLE, naming the entry, when a secret cannot be opened.
 */
export function buildView(
  document: ConfigurationDocument,
  version: number,
  realm: string,
  box: SecretBox,
): DirectoryView {
  const frozen = deepFreeze(structuredClone(document));
  const agentsBySipUser = new Map<string, { readonly agentId: string; readonly ha1: DigestSecret }>();
  const queues = frozen.queues.map((row) => deepFreeze(effectiveSettings(row, frozen.queueDefaults)));
  const agentList = frozen.agents.map(({ password, ...agent }) => {
    const plain = openSecret(box, password, 'agents', agent);
    const ha1 = Object.freeze(digestSecret(agent.sipUser, realm, plain));
    agentsBySipUser.set(agent.sipUser, Object.freeze({ agentId: agent.id, ha1 }));
    return Object.freeze(agent);
  });
  const trunkPasswords = new Map(
    frozen.trunks.flatMap((trunk) =>
      trunk.password === undefined
        ? []
        : [[trunk.name, openSecret(box, trunk.password, 'trunks', trunk)] as const],
    ),
  );
  return {
    version,
    document: frozen,
    queues: new Map(queues.map((queue) => [queue.name, queue])),
    queueList: Object.freeze(queues),
    expressions: new Map(queues.map((queue) => [queue.name, expressionOf(queue)])),
    agents: new Map(agentList.map((agent) => [agent.id, agent])),
    agentList: Object.freeze(agentList),
    agentsBySipUser,
    dids: new Map(frozen.dids.map((did) => [withoutPlus(did.number), did])),
    didList: frozen.dids,
    trunks: frozen.trunks,
    trunkPasswords,
    numberRules: new Map(frozen.numberRules.map((rule) => [rule.name, new NumberRule(rule)])),
    captcha: frozen.captcha.map((keys) => ({
      ...keys,
      secret: openSecret(box, keys.secret, 'captcha', keys),
    })),
    pushCredentials: frozen.pushCredentials.map((each) => ({
      ...each,
      privateKey: openSecret(box, each.privateKey, 'pushCredentials', each),
    })),
    webhooks: frozen.webhooks.map((hook) => ({
      ...hook,
      secret: openSecret(box, hook.secret, 'webhooks', hook),
    })),
    callInGroups: new Map(frozen.callInGroups.map((group) => [group.name, group])),
    pools: new Map(
      frozen.callInGroups.flatMap((group) =>
        group.numbers.map(({ number }) => [withoutPlus(number), group] as const),
      ),
    ),
    capacityRules: new Map(frozen.capacityRules.map((rule) => [rule.name, new CapacityRule(rule)])),
    slotCalendars: new Map(),
    hours: new Map(frozen.businessHours.map((hours) => [hours.name, new BusinessHours(hours)])),
    agentsOf: new Map(),
  };
}

function expressionOf(queue: QueueSettings): SkillExpression {
  const outcome = parseSkillExpression(queue.skillExpression);
  assert(outcome.kind === 'parsed', `the skill expression of ${queue.name} was checked when it was applied`);
  return outcome.expression;
}

function openSecret(box: SecretBox, sealed: unknown, section: SecretSection, entry: object): string {
  const place = secretPlaceOf(section, entry);
  const outcome = typeof sealed === 'string' ? box.open(sealed, place) : undefined;
  if (outcome?.kind === 'opened') return outcome.plain;
  const sealedUnder = typeof sealed === 'string' ? SecretBox.keyIdIn(sealed) : undefined;
  const why =
    outcome?.why === 'other-installation' && sealedUnder !== undefined
      ? `it was sealed with the key ${sealedUnder}, and the key of this installation is ${box.keyId}`
      : 'it is damaged';
  const name = new Map<string, unknown>(Object.entries(entry)).get(secretPlaces[section].key);
  const item = `${section}/${String(name)}`;
  const mend =
    'put the right secret.key or TURNKEEPER_SECRET_KEY back, or name it as TURNKEEPER_SECRET_KEY_PREVIOUS';
  throw new AppError('SECRET_UNREADABLE', `the stored secret of ${item} cannot be opened: ${why}; ${mend}`);
}

/** H(user:realm:password) in both hash functions (RFC 7616 §3.4.2). */
function digestSecret(user: string, realm: string, password: string): DigestSecret {
  const text = `${user}:${realm}:${password}`;
  return {
    md5: createHash('md5').update(text).digest('hex'),
    sha256: createHash('sha256').update(text).digest('hex'),
  };
}

/** Numbers are looked up by their digits: trunks send them with and without the plus. */
export function withoutPlus(number: string): string {
  return number.startsWith('+') ? number.slice(1) : number;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
