import { expect, it } from 'vitest';
import type { ServiceDirectory } from '../../../src/application/service-directory.ts';
import { SlotCalendar } from '../../../src/calendar/slot-calendar.ts';
import { settle } from '../../fakes/fake-telephony.ts';
import { House } from '../../fakes/house.ts';
import { aQueue } from '../../fakes/queue-settings.ts';

const settings = aQueue({ trunk: 'main' });
const agents = [{ id: 'a1', name: 'a1', sipUser: 'a1', skills: { support: 1 } }];
const directory: ServiceDirectory = {
  queues: () => [settings],
  queue: () => settings,
  agents: () => agents,
  agent: () => undefined,
  agentsOf: () => ['a1'],
  did: () => undefined,
  businessHours: () => undefined,
  slotCalendar: () => new SlotCalendar(settings, undefined, undefined),
  numberRule: () => undefined,
  mayDialThrough: (trunk) => trunk === 'backup',
  isOpen: () => true,
};

it.each([
  ['backup', 'backup'],
  ['8100@elsewhere', 'main'],
  [undefined, 'main'],
])('a booking that names the routing point %s is dialled through %s', async (routingPoint, trunk) => {
  const house = new House({}, directory);
  house.open();
  await house.runner.create(
    {
      virtualQueue: 'support',
      customerNumber: '+15551230000',
      origin: 'api',
      language: 'en',
      ...(routingPoint !== undefined && { details: { routingPoint } }),
    },
    { kind: 'customer' },
  );
  await settle();
  await house.ready('a1');
  expect(house.last?.request.target).toEqual({ kind: 'trunk', number: '+15551230000', trunk });
});
