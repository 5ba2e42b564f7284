import type { Address } from './rtp-endpoint.ts';

/** Password of every phone in these tests; each database that knows it is thrown away. */
export const PHONE_PASSWORD = 'e2e-phone-7QwZ';

export interface DocumentOptions {
  /** Where customers are called back. */
  readonly customer: Address;
  readonly agentIds?: readonly string[];
  /** Whose calls are trusted; default this machine. */
  readonly trusted?: string;
  /** More lines of the queue, for example `maxAttempts: 2`. */
  readonly queueSettings?: Readonly<Record<string, string | number>>;
}

/**
 * A configuration document: DID 5000 leads to the queue `support`; agents 1001, …; calls of this machine are
 * trusted.
 */
export function testDocument({
  customer,
  agentIds = ['1001'],
  trusted = '127.0.0.0/8',
  queueSettings = {},
}: DocumentOptions): string {
  const settings = {
    offerEwtThresholdSec: 0,
    announceIntervalSec: 15,
    wrapUpSec: 2,
    retryIntervalSec: 1,
    // To the second: no callback joins the line ahead of its time.
    readyForAsapLeadSec: 0,
    defaultHandlingTimeSec: 60,
    agentRingTimeoutSec: 5,
    // Few numbers ask for many callbacks here.
    duplicateCheck: 'OFF',
    throttlePerNumberPerDay: 0,
    throttlePerService: '[]',
    ...queueSettings,
  };
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
  return [
    'queues:',
    '  - name: support',
    '    businessHours: always',
    '    skillExpression: Skill("Support") >= 1',
    ...Object.entries(settings).map(([key, value]) => `    ${key}: ${value}`),
    'agents:',
    ...agentIds.flatMap((id) => [
      `  - id: '${id}'`,
      `    name: Agent ${id}`,
      `    sipUser: '${id}'`,
      `    password: ${PHONE_PASSWORD}`,
      '    skills: { Support: 5 }',
    ]),
    'dids:',
    "  - number: '5000'",
    '    flow: inbound',
    '    queue: support',
    '    language: en',
    'trunks:',
    '  - name: here',
    `    addresses: [${trusted}]`,
    `    outboundHost: ${customer.host}:${customer.port}`,
    'businessHours:',
    '  - name: always',
    '    timeZone: Etc/UTC',
    '    weekly:',
    ...days.map((day) => `      ${day}: [{ from: '00:00', to: '24:00' }]`),
    'flows: [inbound, outbound-confirm]',
    '',
  ].join('\n');
}
