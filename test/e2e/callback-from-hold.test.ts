import { afterEach, expect, test } from 'vitest';
import { PHONE_PASSWORD, testDocument } from './harness/document.ts';
import { Product } from './harness/product.ts';
import { sippAgent, sippCaller, sippCustomer } from './harness/sipp-phone.ts';

const started: { stop(): Promise<unknown> }[] = [];
const kept = <T extends { stop(): Promise<unknown> }>(thing: T): T => {
  started.push(thing);
  return thing;
};

afterEach(async () => {
  for (const thing of started.splice(0).reverse()) await thing.stop();
});

test('a caller on hold takes a callback with keys from sipp, is called back once and hears the agent', async () => {
  const customer = kept(await sippCustomer({ user: '+4930100', toneHz: 440 }));
  const product = kept(await Product.start({ document: testDocument({ customer: customer.address }) }));
  const agent = kept(
    await sippAgent({ user: '1001', password: PHONE_PASSWORD, registrar: product.sip, toneHz: 700 }),
  );

  const caller = kept(
    await sippCaller({ to: product.sip, dial: '5000', ani: '+493012345678', sippKeys: ['1', '1'] }),
  );
  await caller.answered();
  await caller.media.soundHeard();
  await product.logged('callback offer', 30_000);
  await caller.sendSippKeys();
});
