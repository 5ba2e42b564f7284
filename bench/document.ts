import type { Address } from './program.ts';

/** Password of every agent's phone in a measurement; the database is thrown away with it. */
export const PHONE_PASSWORD = 'bench-phone-4kZq';

/** See {@link benchDocument}. */
export const UNSERVED_QUEUE = 'unserved';

/**
 * One queue that is served, `agentCount` agents from 1000 on, DID 5000, calls of this machine trusted,
 * customers at `customer`.
 */
export function benchDocument(customer: Address, agentCount: number, trusted: string): string {
  const agents = Array.from({ length: agentCount }, (_, at) => String(1000 + at));
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
  return [
    'queues:',
    '  - name: support',
    '    businessHours: always',
    '    skillExpression: Skill("Support") >= 1',
    '    retryIntervalSec: 3600',
    '    defaultHandlingTimeSec: 60',
    '    duplicateCheck: OFF',
    '    throttlePerNumberPerDay: 0',
    '    throttlePerService: []',
    // A line that nobody serves, for callbacks created beside what is measured.
    `  - name: ${UNSERVED_QUEUE}`,
    '    businessHours: always',
    '    skillExpression: Skill("Nobody") >= 1',
    '    throttlePerService: []',
    '    maxQueued: 100000',
    'agents:',
    ...agents.flatMap((id) => [
      `  - id: '${id}'`,
      `    name: Agent ${id}`,
      `    sipUser: '${id}'`,
      `    password: ${PHONE_PASSWORD}`,
      '    skills: { Support: 5 }',
    ]),
    'dids:',
    "  - { number: '5000', flow: inbound, queue: support, language: en }",
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
