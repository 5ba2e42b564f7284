import { generateKeyPairSync } from 'node:crypto';

/** The password of every agent's phone. */
export const PHONE_PASSWORD = 'wonder-1';
/** Numbers of the call-in group: requests lease them for ten seconds each. */
const GROUP_NUMBERS = Array.from({ length: 90 }, (_, at) => `'+4930123456${String(at).padStart(2, '0')}'`);

/** A queue whose name has all that names of queues may have. */
export const ODD_QUEUE = "R&D (EU/West): Zürich's + 客服 @1";

/** Groups to be changed and deleted, each with its number: nothing else needs them. */
export const SPARE_GROUPS = Array.from({ length: 60 }, (_, at): [string, string] => [
  `spare-${at}`,
  `+49309870${String(at).padStart(4, '0')}`,
]);

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const always = `{${days.map((day) => `${day}: [{ from: '00:00', to: '24:00' }]`).join(', ')}}`;
const hours = `{${days
  .slice(0, 5)
  .map((day) => `${day}: [{ from: '08:00', to: '18:00' }]`)
  .join(', ')}}`;
const free =
  "businessHours: always, duplicateCheck: 'OFF', throttlePerNumberPerDay: 0, throttlePerService: []";
const quick = 'requireConfirm: false, cpdEnabled: false, maxAttempts: 1, slotCapacity: 10000';

/** Peers of the product on this machine. */
export interface Peers {
  /** SIP ports of the customer who answers and of the one who is busy. */
  readonly answeringPort: number;
  readonly busyPort: number;
  /** Where CAPTCHA tokens are checked and webhooks go, without a path. */
  readonly siteUrl: string;
  /** A push provider: its part of the document. */
  readonly pushCredentials: object;
}

/**
 * Something of every kind, and nothing that leads out of this machine. A queue, an agent and a group have
 * names that every JavaScript object has a member of.
 */
export function fuzzedDocument({ answeringPort, busyPort, siteUrl, pushCredentials }: Peers): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const password = `password: ${PHONE_PASSWORD}`;
  return `
queueDefaults: { skillExpression: Billing > 0 }
queues:
  - { name: billing, slotCapacity: 10000, ${free} }
  - { name: support, businessHours: office, bookingCheck: strict, numberRule: europe, capacityRule: march }
  - { name: app, callDirection: USERORIGINATED, ${free} }
  - { name: constructor, ${free} }
  - { name: "${ODD_QUEUE}", ${free} }
  - name: preview
    skillExpression: Preview > 0
    connectStrategy: preview
    previewRejectMax: 20
    previewTimeoutSec: 600
    trunk: busy
    ${free.replaceAll(', ', '\n    ')}
    ${quick.replaceAll(', ', '\n    ')}
  - name: talk
    skillExpression: Talk > 0
    connectStrategy: customer-first-reserved
    trunk: line
    wrapUpSec: 3600
    dispositions: [Sold, Call again]
    ${free.replaceAll(', ', '\n    ')}
    ${quick.replaceAll(', ', '\n    ')}
  - name: ask
    skillExpression: Ask > 0
    pushConfirm: true
    trunk: busy
    ${free.replaceAll(', ', '\n    ')}
    ${quick.replaceAll(', ', '\n    ')}
agents:
  - { id: alice, name: Alice, sipUser: alice, ${password}, skills: { Talk: 5 } }
  - { id: bob, name: Bob, sipUser: bob, password: { generate: true } }
  - { id: ivy, name: Ivy, sipUser: ivy, ${password}, skills: { Preview: 5 } }
  - { id: pat, name: Pat, sipUser: pat, ${password}, skills: { Ask: 5 } }
  - { id: sue, name: Sue, sipUser: sue, ${password} }
  - { id: constructor, name: Constructor, sipUser: constructor, password: { generate: true } }
trunks:
  - { name: line, addresses: [127.0.0.0/8], outboundHost: '127.0.0.1:${answeringPort}' }
  - { name: busy, outboundHost: '127.0.0.1:${busyPort}' }
businessHours:
  - { name: always, timeZone: Etc/UTC, weekly: ${always} }
  - { name: office, timeZone: Europe/Berlin, weekly: ${hours} }
capacityRules:
  - { name: march, statement: { days: { mon: { '09:00': 8 }, tue: { '09:30': 10 } }, duration: 30 } }
numberRules:
  - { name: europe, countries: [DE, GB, US], blockedPatterns: ['^1900'] }
callInGroups:
  - name: app users
    numbers: [${GROUP_NUMBERS.join(', ')}]
    queue: app
    generateAccessCode: true
    expirySec: 10
${SPARE_GROUPS.map(([name, number]) => `  - { name: ${name}, numbers: ['${number}'], queue: billing }`).join('\n')}
captcha:
  - { name: page, kind: v2-checkbox, siteKey: public, secret: hidden, verifyUrl: '${siteUrl}/verify' }
webhooks:
  - { name: crm, url: '${siteUrl}/hook', secret: signs, queues: [support] }
  - { name: toString, url: 'http://127.0.0.1:9/hook', secret: signs, enabled: false }
pushCredentials:
  - ${JSON.stringify(pushCredentials)}
  - name: dead
    project: shop-app
    clientEmail: push@shop.example
    privateKey: ${JSON.stringify(pem)}
    tokenUrl: http://127.0.0.1:9/token
    sendUrl: http://127.0.0.1:9
    enabled: false
`;
}
