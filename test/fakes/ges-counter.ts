import type { LightMyRequestResponse } from 'fastify';
import type { Scope } from '../../src/adapters/http/access-rules.ts';
import { newApiKey } from '../../src/adapters/http/credential.ts';
import { ApplicationService } from '../../src/application/application-service.ts';
import { type CallInDesk, deskWithoutGroups } from '../../src/application/call-in-desk.ts';
import type { ServiceDirectory } from '../../src/application/service-directory.ts';
import { BusinessHours, businessHoursSchema } from '../../src/calendar/business-hours.ts';
import { SlotCalendar } from '../../src/calendar/slot-calendar.ts';
import type { QueueSettings } from '../../src/callback/queue-settings.ts';
import { IdSource } from '../../src/kernel/ids.ts';
import { SeededRandom } from '../../src/kernel/random.ts';
import { type Fixture, newFixture } from '../unit/http/http-fixture.ts';
import { House } from './house.ts';
import { aQueue } from './queue-settings.ts';

/** Monday morning, an hour after the office has opened. */
export const MORNING = '2026-01-05T10:00:00.000Z';

/** Open on every day, in UTC: `office` from 09:00 to 17:00, `offers` from 09:00 to 12:00. */
function hoursNamed(name: string): BusinessHours {
  const to = name === 'offers' ? '12:00' : '17:00';
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
  const weekly = Object.fromEntries(days.map((day) => [day, [{ from: '09:00', to }]]));
  return new BusinessHours(businessHoursSchema.parse({ name, timeZone: 'UTC', weekly }));
}

const agents = ['a1', 'a2'].map((id) => ({ id, name: id, sipUser: id, skills: { support: 1 } }));

/** The v3 API over wired rooms, a store in memory and no telephone: one queue, `support`. */
export interface GesCounter {
  readonly house: House;
  readonly fixture: Fixture;
  readonly application: ApplicationService;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<LightMyRequestResponse>;
  readonly post: (
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<LightMyRequestResponse>;
  /** A callback as the API makes it; its id. */
  readonly book: (changes?: Record<string, unknown>) => Promise<string>;
}

/** It is {@link MORNING}; `changes` to the queue's settings. */
export async function gesCounter(
  changes: Partial<QueueSettings> = {},
  options: { readonly desk?: CallInDesk } & Pick<
    NonNullable<Parameters<typeof newFixture>[1]>,
    'keepOpen' | 'areas' | 'notifications' | 'push'
  > = {},
): Promise<GesCounter> {
  const { desk, ...rest } = options;
  const settings = aQueue({
    businessHours: 'office',
    slotCapacity: 1,
    throttlePerNumberPerDay: 0,
    duplicateCheck: 'OFF',
    ...changes,
  });
  const { name } = settings;
  const directory: ServiceDirectory = {
    agents: () => agents,
    agent: () => undefined,
    did: () => undefined,
    queues: () => [settings],
    queue: (asked) => (asked === name ? settings : undefined),
    agentsOf: () => ['a1', 'a2'],
    businessHours: hoursNamed,
    slotCalendar: (asked) =>
      asked === name ? new SlotCalendar(settings, hoursNamed('office'), undefined) : undefined,
    numberRule: () => undefined,
    isOpen: (_, atMs) => hoursNamed('office').isOpen(atMs),
  };
  const house = new House({}, directory);
  house.open();
  const { clock, engine, store, telephony } = house;
  clock.advance(Date.parse(MORNING) - clock.nowMs());
  const application = new ApplicationService({
    callIn: desk ?? deskWithoutGroups,
    ...engine,
    unitOfWork: store,
    directory,
    telephony,
    nowMs: () => clock.nowMs(),
    openCallbackCount: (queue) => engine.openCallbacks.count(queue),
    loads: () => ({ inboundCallCount: 0, customerCallCount: 0, openCallbacks: [] }),
    health: () => [],
    ready: () => true,
  });
  const fixture = await newFixture(
    {},
    {
      serverClock: clock,
      served: application,
      ...rest,
    },
  );
  const key = await gesKey(fixture, clock);
  const post: GesCounter['post'] = (path, body, headers = {}) =>
    fixture.ask('POST', `/engagement/v3${path}`, { body, headers: { 'x-api-key': key, ...headers } });
  return {
    house,
    fixture,
    application,
    post,
    get: (path, headers = {}) =>
      fixture.ask('GET', `/engagement/v3${path}`, { headers: { 'x-api-key': key, ...headers } }),
    book: async (fields = {}) => {
      const body = { serviceName: 'support', phoneNumber: '+12025550123', ...fields };
      const answer = await post('/callbacks/create', body);
      if (answer.statusCode !== 200) throw new Error(answer.body);
      return answer.json().data.id;
    },
  };
}

let seed = 100;

/** A key for this API alone; with access groups it reads their queues alone. */
export async function gesKey(
  { access }: Pick<Fixture, 'access'>,
  clock: House['clock'],
  changes: { readonly accessGroups?: readonly string[]; readonly scopes?: readonly Scope[] } = {},
): Promise<string> {
  const ids = new IdSource(clock, new SeededRandom(seed++));
  const wanted = {
    name: 'web',
    role: 'Developer',
    scopes: ['ges'],
    accessGroups: [],
    createdBy: 'user:admin',
    expiresAtMs: null,
    ...changes,
  } as const;
  const { secret, key } = newApiKey(ids, clock, wanted);
  await access.insertApiKey(key);
  return secret;
}
