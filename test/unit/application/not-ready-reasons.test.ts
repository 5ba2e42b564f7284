import { expect, it } from 'vitest';
import { ApplicationService } from '../../../src/application/application-service.ts';
import { deskWithoutGroups } from '../../../src/application/call-in-desk.ts';
import type { ServiceDirectory } from '../../../src/application/service-directory.ts';
import { SlotCalendar } from '../../../src/calendar/slot-calendar.ts';
import { House } from '../../fakes/house.ts';
import { aQueue } from '../../fakes/queue-settings.ts';

const actor = { kind: 'agent', id: 'a1' } as const;

/** An application whose configuration names the reasons given last. */
function counter(reasons?: () => readonly string[]): ApplicationService {
  const agents = [{ id: 'a1', name: 'a1', sipUser: 'a1', skills: {} }];
  const settings = aQueue();
  const directory: ServiceDirectory = {
    agents: () => agents,
    agent: (id) => agents.find((agent) => agent.id === id),
    did: () => undefined,
    queues: () => [settings],
    queue: () => settings,
    agentsOf: () => [],
    businessHours: () => undefined,
    slotCalendar: () => new SlotCalendar(settings, undefined, undefined),
    numberRule: () => undefined,
    isOpen: () => true,
    ...(reasons && { notReadyReasons: reasons }),
  };
  const house = new House({}, directory);
  house.open();
  const { clock, engine, store, telephony } = house;
  return new ApplicationService({
    callIn: deskWithoutGroups,
    ...engine,
    unitOfWork: store,
    directory,
    telephony,
    nowMs: () => clock.nowMs(),
    openCallbackCount: () => 0,
    loads: () => ({ inboundCallCount: 0, customerCallCount: 0, openCallbacks: [] }),
    health: () => [],
    ready: () => true,
  });
}

it('an agent keeps a reason that was taken off the list until they choose another', async () => {
  let reasons: readonly string[] = ['Lunch', 'Training', 'RONA'];
  const application = counter(() => reasons);
  const want = (reason: string) => application.setAgentState('a1', { state: 'NOT_READY', reason }, actor);
  expect(await want('Training')).toMatchObject({ ok: true, value: { notReadyReason: 'Training' } });
  reasons = ['Lunch', 'RONA'];
  expect(application.notReadyReasons()).toEqual(['Lunch', 'RONA']);
  expect(application.agents()).toMatchObject([{ state: 'NOT_READY', notReadyReason: 'Training' }]);
  const known = ['Lunch', 'RONA'];
  const refusal = { kind: 'unknown-reason', reason: 'Training', known };
  expect(await want('Training')).toEqual({ ok: false, refusal });
  expect(application.agents()).toMatchObject([{ notReadyReason: 'Training' }]);
  expect(await want('Lunch')).toMatchObject({ ok: true, value: { notReadyReason: 'Lunch' } });
});

it('where the configuration says nothing the reasons are those of the product', () => {
  const reasons = ['Admin Work', 'Lunch', 'Meeting', 'Pause', 'Training'];
  expect(counter().notReadyReasons()).toEqual(reasons);
});
