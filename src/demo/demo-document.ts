/** Configuration of the demo: one queue, one agent, one DID; the trunk leads back to the customer's phone. */
export function demoDocument(customerPort: number): string {
  return `
queues:
  - name: support
    skillExpression: Skill("Support") >= 1
    offerEwtThresholdSec: 0
    wrapUpSec: 30
agents:
  - id: '1001'
    name: Ada Agent
    sipUser: '1001'
    password: { generate: true }
    skills: { Support: 5 }
dids:
  - number: '5000'
    flow: inbound
    queue: support
trunks:
  - name: demo
    addresses: [127.0.0.0/8]
    outboundHost: 127.0.0.1:${customerPort}
flows: [inbound, outbound-confirm, agent-codes]
`;
}
