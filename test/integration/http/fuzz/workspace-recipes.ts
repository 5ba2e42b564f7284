import type { FuzzWorld } from './fuzz-world.ts';
import type { Prepared, Recipe } from './recipes.ts';

const W = '/api/v1/workspace';

/** What a call in each state allows, in turn. */
const commands: Readonly<Record<string, readonly object[]>> = {
  connected: [
    { type: 'hold' },
    { type: 'mute' },
    { type: 'unmute' },
    { type: 'send-digits', digits: '12#' },
    { type: 'start-recording' },
    { type: 'stop-recording' },
    { type: 'consult', target: { kind: 'external', number: '+12025550199' } },
    { type: 'conference', target: { kind: 'agent', agentId: 'sue' } },
    { type: 'end' },
  ],
  held: [{ type: 'resume' }],
  consulting: [{ type: 'swap' }, { type: 'cancel-consult' }, { type: 'merge' }],
};
let commandCount = 0;

const ofCase =
  (body?: (world: FuzzWorld) => unknown): Recipe =>
  async (world) => ({
    credential: 'agent',
    params: { id: (await world.call()).id },
    ...(body && { body: body(world) }),
  });

const ofInvitation: Recipe = async (world) => ({
  credential: 'previewer',
  params: { id: await world.invitation() },
  body: {},
});

const monitored = async (world: FuzzWorld): Promise<Prepared> => ({
  credential: 'supervisor',
  params: { id: (await world.call()).id },
  body: { mode: 'listen' },
});

const ofRecording: Recipe = async (world) => ({ params: { id: await world.recording() } });

/** Recipes of the agents' workspace and of what comes of live calls, by method and address. */
export const workspaceRecipes: Readonly<Record<string, Recipe>> = {
  [`GET ${W}`]: () => ({ credential: 'agent' }),
  [`GET ${W}/targets`]: () => ({ credential: 'agent' }),
  [`GET ${W}/cases`]: () => ({ credential: 'agent' }),
  // RFC 6455 §4.1.
  [`GET ${W}/events`]: () => ({
    credential: 'agent',
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    },
  }),
  [`POST ${W}/state`]: () => ({ credential: 'supervisor', body: { state: 'NOT_READY', reason: 'Lunch' } }),
  [`POST ${W}/invitations/{id}/accept`]: ofInvitation,
  [`POST ${W}/invitations/{id}/reject`]: ofInvitation,
  [`POST ${W}/calls/{id}/commands`]: async (world) => {
    const { id, state } = await world.call();
    const allowed = commands[state] ?? [{ type: 'end' }];
    return { credential: 'agent', params: { id }, body: allowed[commandCount++ % allowed.length] };
  },
  [`POST ${W}/calls/{id}/monitor`]: monitored,
  [`POST ${W}/calls/{id}/monitor/stop`]: async (world) => {
    const prepared = await monitored(world);
    const path = `${W}/calls/${prepared.params?.['id']}/monitor`;
    await world.as('supervisor', 'POST', path, prepared.body);
    return prepared;
  },
  [`GET ${W}/cases/{id}`]: ofCase(),
  [`POST ${W}/cases/{id}/notes`]: ofCase(() => ({ text: 'Asked for an invoice' })),
  [`POST ${W}/cases/{id}/data`]: ofCase(() => ({ changes: { order: 'A-1048' } })),
  [`POST ${W}/cases/{id}/disposition`]: ofCase(() => ({ code: 'Sold' })),
  [`POST ${W}/cases/{id}/reschedule`]: ofCase((world) => ({ desiredAt: world.later() })),
  [`POST ${W}/cases/{id}/done`]: async (world) => ({
    credential: 'agent',
    params: { id: await world.wrapUp() },
  }),
  'GET /api/v1/recordings/{id}': ofRecording,
  'GET /api/v1/recordings/{id}/audio': ofRecording,
  'DELETE /api/v1/recordings/{id}': ofRecording,
};
