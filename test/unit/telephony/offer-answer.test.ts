import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { OfferAnswer } from '../../../src/adapters/drachtio/offer-answer.ts';
import type { SrfDialog, SrfRequest, SrfResponse } from '../../../src/adapters/drachtio/drachtio-srf.ts';
import type { MediaEndpoint } from '../../../src/adapters/freeswitch/media-endpoint.ts';
import { AppError } from '../../../src/kernel/errors.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { deferred, type Deferred } from '../../fakes/deferred.ts';

const sdp = (direction: string): string =>
  [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    'm=audio 4000 RTP/AVP 0',
    `a=${direction}`,
    '',
  ].join('\r\n');

interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
}

let dialog: EventEmitter & { local: { sdp: string } };
let modifying: Deferred<string>[];
let holds: boolean[];
let hasEnded: boolean;
let offers: OfferAnswer;
let cseq: number;

beforeEach(() => {
  dialog = Object.assign(new EventEmitter(), { local: { sdp: sdp('sendrecv') } });
  modifying = [];
  holds = [];
  hasEnded = false;
  cseq = 0;
  const endpoint = {
    localSdp: sdp('sendrecv'),
    modify: () => {
      const answer = deferred<string>();
      modifying.push(answer);
      return answer.promise;
    },
  } as unknown as MediaEndpoint;
  offers = new OfferAnswer({
    callId: 'call_1',
    dialog: dialog as unknown as SrfDialog,
    endpoint,
    log: silentLog,
    hasEnded: () => hasEnded,
    onHold: (held) => holds.push(held),
  });
});

/** The phone sends this; resolves to what it gets, undefined when nothing. */
async function sends(method: 'INVITE' | 'UPDATE', body: string): Promise<Reply | undefined> {
  let reply: Reply | undefined;
  const res = {
    send: (status: number, options?: { headers?: Record<string, string> }) => {
      reply = { status, ...(options?.headers && { headers: options.headers }) };
    },
  } as unknown as SrfResponse;
  await offers.changed(requestOf(method, ++cseq, body), res);
  return reply;
}

function requestOf(method: string, number: number, body: string): SrfRequest {
  return { method, body, get: () => `${number} ${method}` } as unknown as SrfRequest;
}

/** The phone's ACK of its `number`-th request has come. */
function acknowledges(number: number, body: string): void {
  dialog.emit('ack', requestOf('ACK', number, body));
}

describe("a phone's offers that cross", () => {
  it('the second before the first is answered gets 500 with Retry-After, the first its answer', async () => {
    const first = sends('INVITE', sdp('sendonly'));
    await Promise.resolve();
    expect(await sends('INVITE', sdp('sendrecv'))).toEqual({ status: 500, headers: { 'Retry-After': '1' } });
    expect(await sends('UPDATE', sdp('sendrecv'))).toMatchObject({ status: 500 });
    modifying[0]?.resolve(sdp('recvonly'));
    expect(await first).toMatchObject({ status: 200 });
    expect([modifying.length, holds]).toEqual([1, [true]]);
  });

  it('and an ACK that is told of late does not count for the INVITE after its own', async () => {
    const held = sends('INVITE', sdp('sendonly'));
    await Promise.resolve();
    modifying[0]?.resolve(sdp('recvonly'));
    expect(await held).toMatchObject({ status: 200 });
    expect(await sends('INVITE', '')).toMatchObject({ status: 200 });
    acknowledges(1, '');
    expect(await sends('UPDATE', sdp('sendrecv'))).toEqual({ status: 491 });
    acknowledges(2, sdp('sendrecv'));
    modifying[1]?.resolve(sdp('sendrecv'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(holds).toEqual([true, false]);
  });

  it('one that meets ours before its ACK gets 491, and is taken after it', async () => {
    expect(await sends('INVITE', '')).toMatchObject({ status: 200 });
    expect(await sends('INVITE', sdp('sendonly'))).toEqual({ status: 491 });
    expect(await sends('UPDATE', sdp('sendonly'))).toEqual({ status: 491 });
    acknowledges(1, sdp('sendrecv'));
    const again = sends('INVITE', sdp('sendonly'));
    modifying[0]?.resolve(sdp('sendrecv'));
    await new Promise((resolve) => setImmediate(resolve));
    modifying[1]?.resolve(sdp('recvonly'));
    expect(await again).toMatchObject({ status: 200 });
    expect(holds).toEqual([true]);
  });

  it('a refresh without an offer meets nothing', async () => {
    const first = sends('INVITE', sdp('sendonly'));
    expect(await sends('UPDATE', '')).toMatchObject({ status: 200 });
    await new Promise((resolve) => setImmediate(resolve));
    modifying[0]?.resolve(sdp('recvonly'));
    expect(await first).toMatchObject({ status: 200 });
  });
});

describe('an offer', () => {
  it('that the media server refuses leaves everything as it was, and the next one is looked at', async () => {
    const refused = sends('INVITE', sdp('sendonly'));
    await new Promise((resolve) => setImmediate(resolve));
    modifying[0]?.reject(new AppError('MEDIA_NOT_ACCEPTED', 'no codec'));
    expect(await refused).toEqual({ status: 488 });
    expect(holds).toEqual([]);
    const next = sends('INVITE', sdp('sendonly'));
    await new Promise((resolve) => setImmediate(resolve));
    modifying[1]?.resolve(sdp('recvonly'));
    expect(await next).toMatchObject({ status: 200 });
    expect(holds).toEqual([true]);
  });

  it('whose call ends meanwhile is told to nobody', async () => {
    const crossed = sends('INVITE', sdp('sendonly'));
    await new Promise((resolve) => setImmediate(resolve));
    hasEnded = true;
    modifying[0]?.reject(new Error('gone'));
    expect(await crossed).toBeUndefined();
    expect(holds).toEqual([]);
  });
});
