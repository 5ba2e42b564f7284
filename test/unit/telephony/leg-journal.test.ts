import { describe, expect, it } from 'vitest';
import type { Srf, SrfRequest } from '../../../src/adapters/drachtio/drachtio-srf.ts';
import { LegJournal, type OrphanServers } from '../../../src/adapters/drachtio/leg-journal.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import type { CallId } from '../../../src/kernel/ids.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { MemoryOpenLegs } from '../../fakes/memory-open-legs.ts';

const CALL = 'call_1' as CallId;

interface Asked {
  readonly method: string;
  readonly stackDialogId?: string;
  readonly stackTxnId?: string;
}

/** A SIP server that knows these dialogs and transactions; `silent` never answers. */
function server(known: readonly string[], silent = false): OrphanServers & { asked: string[] } {
  const asked: string[] = [];
  const request = (...parts: readonly unknown[]): void => {
    const callback = parts.at(-1) as (err: unknown, req?: SrfRequest) => void;
    const { method, stackDialogId, stackTxnId } = parts.at(-2) as Asked;
    const name = stackDialogId ?? stackTxnId ?? '';
    asked.push(`${method} ${name}`);
    if (!silent) callback(known.includes(name) ? null : new Error('unknown'));
  };
  const killChannel = (uuid: string): Promise<unknown> => {
    asked.push(`kill ${uuid}`);
    return Promise.resolve();
  };
  return { srf: { request } as unknown as Srf, killChannel, asked };
}

const journalOver = (store: MemoryOpenLegs): LegJournal =>
  new LegJournal(store, new SystemClock(), silentLog);

describe('the leg journal', () => {
  it('gives what is open to the next process, which ends it by BYE and CANCEL and forgets it', async () => {
    const store = new MemoryOpenLegs();
    const killed = journalOver(store);
    killed.opened(CALL, { kind: 'dialog', reference: 'dialog-1' });
    killed.opened(CALL, { kind: 'invite', reference: 'invite-1' });
    killed.opened(CALL, { kind: 'channel', reference: 'channel-1' });
    await killed.close();

    const next = journalOver(store);
    await next.load();
    const servers = server(['dialog-1', 'invite-1']);
    await next.endOrphans(servers);
    await next.close();
    expect(servers.asked.toSorted()).toEqual(['BYE dialog-1', 'CANCEL invite-1', 'kill channel-1']);
    expect(store.legs.size).toBe(0);
  });

  it('ends a call that was answered while nobody was there by ACK and BYE', async () => {
    const store = new MemoryOpenLegs();
    const killed = journalOver(store);
    killed.opened(CALL, { kind: 'invite', reference: 'invite-1' });
    killed.opened(CALL, { kind: 'invite', reference: 'invite-1', dialogId: 'dialog-1' });
    await killed.close();

    const next = journalOver(store);
    await next.load();
    const servers = server(['dialog-1']);
    await next.endOrphans(servers);
    expect(servers.asked).toEqual(['CANCEL invite-1', 'ACK dialog-1', 'BYE dialog-1']);
  });

  it('leaves alone what is in use, and forgets what has ended', async () => {
    const store = new MemoryOpenLegs();
    const journal = journalOver(store);
    journal.opened(CALL, { kind: 'dialog', reference: 'over' });
    journal.opened(CALL, { kind: 'dialog', reference: 'in use' });
    journal.closed('over');
    const servers = server(['in use', 'over']);
    await journal.endOrphans(servers);
    await journal.close();
    expect(servers.asked).toEqual([]);
    expect([...store.legs.keys()]).toEqual(['in use']);
  });

  it('ends after a reconnection what was up when the connection was lost', async () => {
    const store = new MemoryOpenLegs();
    const journal = journalOver(store);
    journal.opened(CALL, { kind: 'dialog', reference: 'dialog-1' });
    journal.lost();
    // The leg ends in the application as the connection goes: that tells nobody at the other end.
    journal.closed('dialog-1');
    const servers = server(['dialog-1']);
    await journal.endOrphans(servers);
    await journal.close();
    expect(servers.asked).toEqual(['BYE dialog-1']);
    expect(store.legs.size).toBe(0);
  });

  it('tries again at the next connection when there was no word', async () => {
    const store = new MemoryOpenLegs();
    const journal = journalOver(store);
    journal.opened(CALL, { kind: 'dialog', reference: 'dialog-1' });
    journal.lost();
    await journal.endOrphans(server([], true));
    const servers = server(['dialog-1']);
    await journal.endOrphans(servers);
    expect(servers.asked).toEqual(['BYE dialog-1']);
  });

  it('goes on when the store fails', async () => {
    const store = new MemoryOpenLegs();
    const failing = Object.assign(store, { change: () => Promise.reject(new Error('disk full')) });
    const journal = journalOver(failing);
    journal.opened(CALL, { kind: 'dialog', reference: 'dialog-1' });
    journal.lost();
    await journal.close();
    const servers = server(['dialog-1']);
    await journal.endOrphans(servers);
    expect(servers.asked).toEqual(['BYE dialog-1']);
  });
});
