import { afterEach, expect, test } from 'vitest';
import { sippCaller, sippCustomer, type SippPhone } from './harness/sipp-phone.ts';

const phones: SippPhone[] = [];
const kept = (phone: SippPhone): SippPhone => {
  phones.push(phone);
  return phone;
};

afterEach(async () => {
  await Promise.all(phones.splice(0).map((phone) => phone.stop()));
});

test("two sipp phones hear each other's tones and the keys of both kinds, then one hangs up", async () => {
  const callee = kept(await sippCustomer({ toneHz: 700, turns: [{ kind: 'answer', ringMs: 100 }] }));
  const caller = kept(
    await sippCaller({
      to: callee.address,
      dial: '+4930200',
      ani: '+4930100',
      toneHz: 440,
      sippKeys: ['1', '0#'],
    }),
  );

  await caller.answered();
  await Promise.all([callee.toneHeard(440), caller.toneHeard(700)]);
  caller.press('7');
  await callee.media.keys.wait((keys) => keys.length === 1 || undefined, "the harness's key", 3000);
  await caller.sendSippKeys();
  await callee.media.keys.wait((keys) => keys.length === 2 || undefined, "sipp's first key", 3000);
  await caller.sendSippKeys();
  await callee.media.keys.wait((keys) => keys.length === 4 || undefined, "sipp's later keys", 3000);
  expect(callee.media.keysHeard).toBe('710#');

  await callee.hangUp();
  await caller.hungUp();
  expect(callee.invitesReceived).toHaveLength(1);
  expect((await caller.process.ended).code).toBe(0);
});

test('a callee takes each call by its own turn: busy, then answered', async () => {
  const turns = [{ kind: 'refuse', status: 486, reason: 'Busy Here' }, { kind: 'answer' }] as const;
  const callee = kept(await sippCustomer({ turns }));
  const first = kept(await sippCaller({ to: callee.address, dial: '1', ani: '2' }));
  await first.waitFor({ status: 486 });
  expect((await first.process.ended).code).toBe(0);

  const second = kept(await sippCaller({ to: callee.address, dial: '1', ani: '2' }));
  await second.answered();
  await second.hangUp();
  await callee.hungUp();
  expect(callee.invitesReceived).toHaveLength(2);
});

test('a caller who gives up cancels a call that rings', async () => {
  const callee = kept(await sippCustomer({ turns: [{ kind: 'ring-for-ever' }] }));
  const caller = kept(await sippCaller({ to: callee.address, dial: '1', ani: '2' }));
  await caller.waitFor({ status: 180 });
  await caller.hangUp();
  await caller.waitFor({ method: 'INVITE', status: 487 });
  expect((await caller.process.ended).code).toBe(0);
});

test('a silent far end is not taken for a tone', async () => {
  const callee = kept(await sippCustomer());
  const caller = kept(await sippCaller({ to: callee.address, dial: '1', ani: '2' }));
  await caller.answered();
  await expect(caller.toneHeard(700, 800)).rejects.toThrow('in vain for a tone of 700 Hz');
  expect(caller.media.packetCount).toBeGreaterThan(10);
});
