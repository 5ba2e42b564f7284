import type { PhoneCall } from '../../../src/demo/soft-phone/phone-call.ts';
import type { SipText } from '../../../src/demo/soft-phone/sip-text.ts';
import { PHONE_PASSWORD, testDocument } from '../harness/document.ts';
import { Product } from '../harness/product.ts';
import { RecordedPhone } from './recorded-phone.ts';

/** With real servers the dialogs of a killed program live on there, and must be ended by the next one. */
export const REAL = process.env['TURNKEEPER_DRACHTIO'] !== undefined;
const SEEN_MAX_MS = 10_000;

/** A callback as these tests look at it. */
export interface SeenCallback {
  readonly id: string;
  readonly state: string;
  readonly subState: string | null;
  readonly reason: string | null;
  readonly placeAt: string;
  readonly attemptCount: number;
  readonly agentId: string | null;
  readonly events: readonly { readonly kind: string; readonly at: string }[];
}

export interface SeenAgent {
  readonly state: string;
  readonly notReadyReason: string | null;
  readonly reachable: boolean;
}

/** The program as a process of its own, the customer's phone behind the trunk, agents at a registered one. */
export interface Stage {
  readonly product: Product;
  readonly customer: RecordedPhone;
  readonly agent: RecordedPhone;
  close(): Promise<void>;
}

export async function openStage(
  options: {
    queueSettings?: Readonly<Record<string, number | string>>;
    environment?: Readonly<Record<string, string>>;
    /** All of them are rung at the one phone. */
    agentIds?: readonly string[];
  } = {},
): Promise<Stage> {
  const customer = await RecordedPhone.open();
  const agent = await RecordedPhone.open();
  const { queueSettings = {}, environment = {}, agentIds = ['1001'] } = options;
  const document = testDocument({ customer: customer.address, queueSettings, agentIds });
  const product = await Product.start({ document, environment });
  customer.use(product.sip);
  agent.use(product.sip);
  for (const user of agentIds) {
    // Long enough for every kill: nobody registers these phones again.
    const expiresSec = 3600;
    const { status } = await agent.phone.register({ user, password: PHONE_PASSWORD, expiresSec });
    if (status !== 200) throw new Error(`REGISTER was answered with ${status}`);
  }
  const close = async (): Promise<void> => {
    await product.stop();
    customer.close();
    agent.close();
  };
  return { product, customer, agent, close };
}

/** A callback by the API. */
export async function bookCallback(
  { product }: Stage,
  number: string,
  desiredAtMs?: number,
): Promise<SeenCallback> {
  const desiredAt = desiredAtMs === undefined ? {} : { desiredAt: new Date(desiredAtMs).toISOString() };
  const body = { virtualQueue: 'support', customerNumber: number, ...desiredAt };
  return product.api<SeenCallback>('POST', '/callbacks', body);
}

export function seenCallback({ product }: Stage, id: string): Promise<SeenCallback> {
  return product.api<SeenCallback>('GET', `/callbacks/${id}`);
}

export function seenAgent({ product }: Stage): Promise<SeenAgent> {
  return product.api<SeenAgent>('GET', '/agents/1001');
}

/** Resolves when the callback is there: `ROUTING/dialing`, `SCHEDULED/retry-wait`, `QUEUED`. */
export async function callbackIn({ product }: Stage, id: string, place: string): Promise<SeenCallback> {
  const placeOf = (callback: SeenCallback): string =>
    callback.subState === null ? callback.state : `${callback.state}/${callback.subState}`;
  const giveUpAtMs = Date.now() + SEEN_MAX_MS;
  for (;;) {
    const callback = await product.api<SeenCallback>('GET', `/callbacks/${id}`);
    if (placeOf(callback) === place) return callback;
    if (Date.now() > giveUpAtMs) throw new Error(`${id} is in ${placeOf(callback)}, not in ${place}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** Resolves when this answered call of the customer is at the question "press 1". */
export async function asked({ product }: Stage, count: number): Promise<void> {
  await product.flowEntered('outbound-confirm', 'confirm', { count });
}

/** How many confirmation questions were put so far, over all calls. */
export function questionCount({ product }: Stage): number {
  return product.log.items.filter(
    (line) =>
      line.msg === 'flow state entered' && line['flow'] === 'outbound-confirm' && line['state'] === 'confirm',
  ).length;
}

/** From an answered customer to COMPLETED: key 1, both hear each other, the customer hangs up. */
export async function serve(
  stage: Stage,
  call: PhoneCall,
  question: number,
  agentCall: number,
): Promise<void> {
  await talk(stage, call, question, agentCall);
  await call.bye();
  await within('the BYE to the agent', (await stage.agent.rung(agentCall)).ended);
}

/** From an answered customer to a conversation in which each hears the other. */
export async function talk(
  stage: Stage,
  call: PhoneCall,
  question: number,
  agentCall: number,
): Promise<void> {
  await asked(stage, question);
  await call.rtp.digit('1');
  const other = await stage.agent.rung(agentCall);
  call.rtp.tone(700);
  other.rtp.tone(1100);
  await call.rtp.hears(1100, SEEN_MAX_MS);
  await other.rtp.hears(700, SEEN_MAX_MS);
}

/** How a phone learns that its answered call is over after a crash: by BYE, or by 481 to its own. */
export async function learnsTheEnd(call: PhoneCall): Promise<void> {
  if (REAL) {
    await within('the BYE of a call left behind', call.ended);
    return;
  }
  const response: SipText = await within('the answer to BYE', call.send('BYE'));
  if (response.status !== 481) throw new Error(`BYE of a lost call was answered with ${response.status}`);
}

export async function within<T>(what: string, happens: Promise<T>, timeoutMs = SEEN_MAX_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${timeoutMs} ms in vain for ${what}`)), timeoutMs);
  });
  try {
    return await Promise.race([happens, late]);
  } finally {
    clearTimeout(timer);
  }
}
