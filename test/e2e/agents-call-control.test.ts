import { expect } from 'vitest';
import type { Lane } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';
import { STRAIGHT, Talk, within } from './stage/talk.ts';

const scene = scenesOfOneProduct();
const two = { agentCount: 2, settings: STRAIGHT } as const;
const outsideNumber = { kind: 'external', number: '+4930987654' } as const;
const secondOf = (lane: Lane) => ({ kind: 'agent', agentId: lane.agentIds[1] ?? '' }) as const;

scene(
  'the customer hears music on hold, is muted alone, gets digits, and is taken back',
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await talk.does('hold');
      await talk.hearsMusic(customer);
      await talk.hearsNobody(agent);
      await talk.does('resume');
      await talk.hear([customer, agent]);
      await talk.does('mute');
      await talk.hearsNobody(customer);
      await talk.does('unmute');
      await talk.does('send-digits', { digits: '42#' });
      await customer.call.rtp.hearsDigits('42#');
      await talk.hear([customer, agent]);
      await talk.does('end');
      expect(await talk.over([customer, agent])).toMatchObject({ reason: 'COMPLETED_BY_AGENT' });
    }),
  { settings: STRAIGHT },
);

scene(
  'an instant transfer brings the customer to the other agent, who then has the callback',
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await lane.ready(1);
      await talk.does('transfer', { target: secondOf(lane) });
      const second = await talk.second();
      await talk.hear([customer, second]);
      await within(agent.call.ended, 'BYE');
      await lane.callbackIs(talk.id, { state: 'PROCESSING' });
      await lane.agentIs(0, { state: 'READY' });
      await talk.hear([customer, second]);
      await customer.call.bye();
      await talk.over([second], [0, 1]);
    }),
  two,
);

scene(
  'a transfer that is refused gives the customer back',
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await lane.ready(1);
      talk.behaves(1, { kind: 'refuse', status: 486 });
      await talk.does('transfer', { target: secondOf(lane) });
      await lane.agentIs(1, { state: 'NOT_READY', notReadyReason: 'REJECTED' });
      await talk.hear([customer, agent]);
      await agent.call.bye();
      await talk.over([customer]);
    }),
  two,
);

scene(
  'a transfer to a queue brings the customer to the next agent who is free',
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await lane.product.setAgentState(lane.agentIds[0] ?? '', 'NOT_READY');
      await talk.does('transfer', { target: { kind: 'queue', queue: lane.queue } });
      await within(agent.call.ended, 'BYE');
      await talk.hearsMusic(customer);
      expect(await lane.callbackIs(talk.id, { state: 'COMPLETED' })).toMatchObject({
        reason: 'COMPLETED_BY_AGENT',
      });
      await lane.ready(1);
      const second = await talk.second();
      await talk.hear([customer, second]);
      await second.call.bye();
      await talk.over([customer], [1]);
    }),
  two,
);

scene(
  'a transfer outside lets customer and outside party talk without an agent',
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await talk.does('transfer', { target: outsideNumber });
      const outside = await talk.outside();
      await talk.hear([customer, outside]);
      await within(agent.call.ended, 'BYE');
      await talk.over([]);
      await talk.hear([customer, outside]);
      await outside.call.bye();
      await within(customer.call.ended, 'BYE');
    }),
  { settings: STRAIGHT },
);

scene(
  'a consultation is unheard by the customer, is swapped, and ends in a transfer',
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await lane.ready(1);
      await talk.does('consult', { target: secondOf(lane) });
      const second = await talk.second();
      await talk.hear([agent, second]);
      await talk.hearsMusic(customer);
      await talk.does('swap');
      await talk.hear([agent, customer]);
      await talk.hearsMusic(second);
      await talk.does('swap');
      await talk.hear([agent, second]);
      await talk.does('complete-transfer');
      await talk.hear([customer, second]);
      await within(agent.call.ended, 'BYE');
      await customer.call.bye();
      await talk.over([second], [0, 1]);
    }),
  two,
);

scene(
  'a conference of three hears everybody, a party is dropped, and two go on',
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await lane.ready(1);
      await talk.does('consult', { target: secondOf(lane) });
      const second = await talk.second();
      await talk.hear([agent, second]);
      await talk.does('merge');
      await talk.hear([customer, agent, second]);
      const call = (await talk.does('conference', { target: outsideNumber })) as {
        parties: { role: string; id: string }[];
      };
      const outside = await talk.outside();
      await talk.hear([customer, agent, second, outside]);
      const dropped = call.parties.find(({ role }) => role === 'external')?.id;
      await talk.does('drop', { partyId: dropped });
      await within(outside.call.ended, 'BYE');
      await talk.hear([customer, agent, second]);
      await agent.call.bye();
      await talk.hear([customer, second]);
      await second.call.bye();
      await talk.over([customer], [0, 1]);
    }),
  two,
);

scene(
  'a call is recorded in part, and its recording can be fetched',
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await talk.does('start-recording');
      await talk.hear([customer, agent]);
      await talk.does('stop-recording');
      await customer.call.bye();
      await talk.over([agent]);
      const { items } = await lane.product.api<{ items: { state: string; durationMs: number }[] }>(
        'GET',
        `/recordings?callbackId=${talk.id}`,
      );
      expect(items).toMatchObject([{ state: 'finished' }]);
      expect(items[0]?.durationMs).toBeGreaterThan(100);
    }),
  { settings: STRAIGHT },
);
