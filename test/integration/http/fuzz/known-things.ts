import type { Dice } from './dice.ts';

/** Kinds of ids in what has been answered: `callback_…`, `key_…`. */
const ID = /\b([a-z]+)_[0-9a-z]{8,40}\b/g;
const KEPT_PER_KIND_MAX = 40;
const SEARCHED_CHARACTERS_MAX = 50_000;

/** Which kind of thing a variable part of a path names, by the part before it. */
const kindBySegment: Readonly<Record<string, string>> = {
  queues: 'queue',
  agents: 'agent',
  'call-in-groups': 'spareGroup',
  'number-rules': 'rule',
  webhooks: 'webhook',
  'push-credentials': 'push',
  captcha: 'captcha',
  'access-groups': 'accessGroup',
  users: 'user',
  callbacks: 'callback',
  'api-keys': 'key',
  errors: 'corr',
  traces: 'trace',
  recordings: 'recording',
  notifications: 'notification',
  'call-ins': 'callin',
  invitations: 'callback',
  calls: 'callback',
  cases: 'callback',
  service: 'callback',
  availability: 'queue',
  'open-for': 'queue',
  'queue-status': 'queue',
};

/** Which kind of thing a member or parameter names. */
const kindByName: Readonly<Record<string, string>> = {
  serviceName: 'queue',
  queueName: 'queue',
  virtualQueue: 'queue',
  queue: 'queue',
  'queue-name': 'queue',
  'virtual-queues': 'queue',
  name: 'queue',
  services: 'queue',
  id: 'callback',
  _id: 'callback',
  ids: 'callback',
  cursor: 'callback',
  callbackId: 'callback',
  _callback_id: 'callback',
  agent: 'agent',
  agentId: 'agent',
  accessGroups: 'accessGroup',
  groupName: 'group',
  group: 'group',
  _resource_group: 'group',
  customerNumber: 'number',
  phoneNumber: 'number',
  fromPhoneNumber: 'number',
  number: 'number',
  _customer_number: 'number',
  _phone_number: 'number',
  disposition: 'disposition',
  reason: 'reason',
  state: 'state',
  correlationId: 'corr',
};

/** What the server knows: what it was given, and the ids that it has told since. */
export class KnownThings {
  readonly #byKind: Map<string, string[]>;
  readonly #spared: ReadonlySet<string>;

  /** @param spared ids that no request may name: the fuzzer's own credentials. */
  constructor(given: Readonly<Record<string, readonly string[]>>, spared: ReadonlySet<string>) {
    this.#byKind = new Map(Object.entries(given).map(([kind, names]) => [kind, [...names]]));
    this.#spared = spared;
  }

  /** Remembers the ids in an answer. */
  learn(text: string): void {
    for (const [id, kind = ''] of text.slice(0, SEARCHED_CHARACTERS_MAX).matchAll(ID)) {
      if (this.#spared.has(id)) continue;
      const known = this.#byKind.get(kind) ?? [];
      if (!known.includes(id)) known.push(id);
      if (known.length > KEPT_PER_KIND_MAX) known.shift();
      this.#byKind.set(kind, known);
    }
  }

  one(kind: string, dice: Dice): string | undefined {
    const known = this.#byKind.get(kind);
    return known && known.length > 0 ? dice.pick(known) : undefined;
  }

  /** A thing that fits the variable part of a path; undefined: nothing of that kind is known. */
  inPath(path: string, name: string, dice: Dice): string | undefined {
    const parts = path.split('/');
    const before = parts[parts.indexOf(`{${name}}`) - 1] ?? '';
    const isPlain = name === 'id' || name === 'name' || kindByName[name] === undefined;
    const kind = isPlain ? kindBySegment[before] : kindByName[name];
    return this.one(kind ?? kindByName[name] ?? '', dice);
  }

  /** A thing that fits a member or parameter of this name. */
  named(name: string, dice: Dice): string | undefined {
    const kind = kindByName[name];
    return kind === undefined ? undefined : this.one(kind, dice);
  }
}
