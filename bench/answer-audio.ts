import { SoftPhone } from '../src/demo/soft-phone/soft-phone.ts';
import { benchDocument, PHONE_PASSWORD } from './document.ts';
import { latencyColumns, pause, type Measurement } from './measurement.ts';
import { Program } from './program.ts';

const AGENT = '1000';
const CUSTOMER_HZ = 700;
const AGENT_HZ = 1100;
const SAMPLE_COUNT = Number(process.env['BENCH_SAMPLES'] ?? 30);
const WARM_UP_COUNT = 3;
/** The phone rings this long, as a hand would need; the media server is at rest when the answer comes. */
const RING_MS = 400;
const HEARD_MAX_MS = 5000;
const POLL_MS = 1;

interface Sample {
  readonly atAgentMs: number;
  readonly atCustomerMs: number;
}

/** From the 200 of the agent's phone to the first 20 ms of each party at the other. */
export const answerAudio: Measurement = {
  name: 'answer-audio',
  title: 'Agent answers → each hears the other',
  async run() {
    const program = await Program.start({
      document: benchDocument({ host: '127.0.0.1', port: 9 }, 1, '127.0.0.0/8'),
    });
    const agent = await new SoftPhone(program.sip).open();
    const customer = await new SoftPhone(program.sip).open();
    agent.behaviour = { kind: 'ring' };
    try {
      const { status } = await agent.register({ user: AGENT, password: PHONE_PASSWORD, expiresSec: 3600 });
      if (status !== 200) throw new Error(`REGISTER was answered with ${status}`);
      const rows: Record<string, string | number>[] = [];
      for (const codec of ['PCMU', 'PCMA'] as const) {
        const samples: Sample[] = [];
        for (let at = 0; at < WARM_UP_COUNT + SAMPLE_COUNT; at++) {
          const sample = await sampleOne(program, agent, customer, codec);
          if (at >= WARM_UP_COUNT) samples.push(sample);
        }
        const named = { "the agent's phone takes": codec } as const;
        rows.push(
          { ...named, 'first heard at': 'agent', ...latencyColumns(samples.map((one) => one.atAgentMs)) },
          {
            ...named,
            'first heard at': 'customer',
            ...latencyColumns(samples.map((one) => one.atCustomerMs)),
          },
        );
      }
      return {
        rows,
        notes: [
          "Target: audio within 100 ms of the agent's answer. Both sides send a tone all the time; 20 ms of the other's count.",
          'PCMU is the first codec offered; PCMA the one that the customer has.',
          `${SAMPLE_COUNT} plain inbound calls each, one after another, after ${WARM_UP_COUNT} that do not count; ` +
            `${Program.isReal ? 'real' : 'embedded'} servers. Up to 40 ms are the packets' own time.`,
        ],
      };
    } finally {
      agent.close();
      customer.close();
      await program.stop();
    }
  },
};

async function sampleOne(
  program: Program,
  agent: SoftPhone,
  customer: SoftPhone,
  codec: 'PCMU' | 'PCMA',
): Promise<Sample> {
  const rung = agent.incoming();
  const call = await customer.call('5000');
  const final = await call.final;
  if (final.status !== 200) throw new Error(`the call was answered with ${final.status}`);
  call.rtp.tone(CUSTOMER_HZ);
  await program.api('PUT', `/agents/${AGENT}/state`, { state: 'READY' });
  const offered = await rung;
  offered.rtp.tone(AGENT_HZ);
  await pause(RING_MS);
  const atAgent = offered.rtp.notes([CUSTOMER_HZ]);
  const atCustomer = call.rtp.notes([AGENT_HZ]);
  const answeredAtMs = performance.now();
  offered.answer(offered.sdp('sendrecv', codec));
  const [atAgentMs, atCustomerMs] = await Promise.all([
    heard(atAgent, CUSTOMER_HZ, answeredAtMs),
    heard(atCustomer, AGENT_HZ, answeredAtMs),
  ]);
  // Both are heard before the product knows that they talk.
  await pause(RING_MS);
  await call.bye();
  await offered.ended;
  await program.api('PUT', `/agents/${AGENT}/state`, { state: 'WRAP_UP_DONE' });
  await program.api('PUT', `/agents/${AGENT}/state`, { state: 'NOT_READY' });
  return { atAgentMs, atCustomerMs };
}

async function heard(noted: ReadonlySet<number>, frequency: number, sinceMs: number): Promise<number> {
  while (!noted.has(frequency)) {
    if (performance.now() - sinceMs > HEARD_MAX_MS) throw new Error(`${frequency} Hz was not heard`);
    await pause(POLL_MS);
  }
  return performance.now() - sinceMs;
}
