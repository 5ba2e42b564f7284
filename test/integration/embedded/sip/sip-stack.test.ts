import { afterEach, describe, expect, it } from 'vitest';
import { deferred } from '../../../fakes/deferred.ts';
import { parseNameAddr } from '../../../../src/embedded/sip/name-addr.ts';
import { numericTargetOf } from '../../../../src/embedded/sip/next-hop.ts';
import type { ServerTransaction } from '../../../../src/embedded/sip/server-transaction.ts';
import { SipDialog } from '../../../../src/embedded/sip/sip-dialog.ts';
import { newCallId, newTag } from '../../../../src/embedded/sip/sip-ids.ts';
import { createRequest } from '../../../../src/embedded/sip/sip-message.ts';
import type { SipRequest, SipResponse } from '../../../../src/embedded/sip/sip-message.ts';
import { SipStack } from '../../../../src/embedded/sip/sip-stack.ts';
import type { SipStackHandlers, SipStackOptions } from '../../../../src/embedded/sip/sip-stack-options.ts';

const stacks: SipStack[] = [];

async function startStack(handlers: SipStackHandlers, options: SipStackOptions = {}): Promise<SipStack> {
  const stack = new SipStack(handlers, options);
  stacks.push(stack);
  await stack.listen({ host: '127.0.0.1', port: 0 });
  return stack;
}

afterEach(async () => {
  await Promise.all(stacks.splice(0).map((stack) => stack.close()));
});

function inviteTo(uri: string, caller: SipStack): SipRequest {
  return createRequest('INVITE', uri, {
    headers: {
      From: `<sip:caller@127.0.0.1>;tag=${newTag()}`,
      To: `<${uri}>`,
      'Call-ID': newCallId(),
      CSeq: '1 INVITE',
      Contact: `<sip:caller@${caller.hostPortTowards('127.0.0.1')}>`,
    },
    body: 'v=0\r\n',
  });
}

function uriOf(stack: SipStack, protocol: 'udp' | 'tcp'): string {
  return `sip:callee@${stack.hostPortTowards('127.0.0.1')};transport=${protocol}`;
}

describe.each(['udp', 'tcp'] as const)('a call over %s', (protocol) => {
  it('is set up, acknowledged and ended by either side', async () => {
    const acked = deferred<string>();
    const callee = await startStack({
      request: (tx: ServerTransaction) => {
        if (tx.request.method === 'BYE') {
          tx.reply(200);
          return;
        }
        tx.listen({ ack: (ack) => acked.resolve(ack.headers.get('CSeq') ?? '') });
        tx.reply(180);
        tx.reply(200, { headers: { Contact: `<${uriOf(callee, protocol)}>` }, body: 'v=0\r\n' });
      },
    });
    const caller = await startStack({ request: (tx) => void tx.reply(200) });
    const uri = uriOf(callee, protocol);
    const target = numericTargetOf(uri);
    expect(target).toBeDefined();
    if (!target) return;
    const statuses: number[] = [];
    const answered = deferred<SipResponse>();
    const tx = caller.sendRequest(inviteTo(uri, caller), target, {
      provisional: (response) => statuses.push(response.status),
      final: (response) => answered.resolve(response),
    });
    const answer = await answered.promise;
    expect(answer.status).toBe(200);
    expect(statuses).toContain(180);
    const dialog = SipDialog.fromClient(tx.request, answer);
    caller.sendAck(dialog.createAck(tx.request), target, tx);
    expect(await acked.promise).toBe('1 ACK');
    const ended = deferred<SipResponse>();
    caller.sendRequest(dialog.createRequest('BYE'), target, { final: (r) => ended.resolve(r) });
    const bye = await ended.promise;
    expect(bye.status).toBe(200);
    expect(bye.headers.get('CSeq')).toBe('2 BYE');
    expect(parseNameAddr(bye.headers.get('To') ?? '')?.params.get('tag')).toBe(dialog.remoteTag);
  });

  it('is cancelled while it rings', async () => {
    const callee = await startStack({
      request: (tx) => {
        tx.listen({ cancel: () => void tx.reply(487) });
        tx.reply(180);
      },
    });
    const caller = await startStack({ request: (tx) => void tx.reply(200) });
    const uri = uriOf(callee, protocol);
    const target = numericTargetOf(uri);
    if (!target) throw new Error('no target');
    const ended = deferred<SipResponse>();
    const tx = caller.sendRequest(inviteTo(uri, caller), target, { final: (r) => ended.resolve(r) });
    expect(caller.cancel(tx).outcome).toBe('held');
    expect((await ended.promise).status).toBe(487);
  });
});
