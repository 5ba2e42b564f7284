import { policyOf } from '../../src/callback/callback-policy.ts';
import { replayHistory } from '../../src/callback/replay.ts';
import { BESIDE_THE_LIFE } from './checker.ts';
import type { History } from './history.ts';

const legalReasons = new Set([
  'COMPLETED_BY_AGENT',
  'CANCELLED_BY_API',
  'CANCELLED_BY_CUSTOMER',
  'MAX_ATTEMPTS_REACHED',
  'CUSTOMER_NOT_CONFIRMED',
  'CUSTOMER_ABANDONED',
  'NO_AGENT',
  'SERVED_INBOUND',
  'RESCHEDULED_BY_AGENT',
  'PURGED_TIMEOUT',
  'PREVIEW_REJECTED',
]);

/** Everybody has gone home: every promise is kept or ended, and nothing of it stays anywhere. */
export function checkEnd(history: History): void {
  const { checker, disk, network, running, agentIds, queueNames } = history;
  for (const callback of disk.kept.callbacks.values()) {
    const { id, state, subState, reason } = callback;
    if (state !== 'COMPLETED') checker.fail(`${id} is stuck in ${state}/${subState}`);
    else if (!legalReasons.has(String(reason))) checker.fail(`${id} ended with ${reason}`);
    const events = disk.kept.events.filter((event) => event.callbackId === id);
    const ends = events.filter(({ kind, state: at }) => !BESIDE_THE_LIFE.has(kind) && at === 'COMPLETED');
    if (ends.length !== 1) checker.fail(`${id} ended ${ends.length} times`);
    const taken = events.filter(({ kind }) => kind !== 'REFUSED').length;
    const policy = policyOf(history.settingsOf(callback.virtualQueue));
    const replayed = replayHistory(callback, events, () => policy);
    if (replayed.kind !== 'same') checker.fail(`${id} cannot be replayed: ${JSON.stringify(replayed)}`);
    if (taken !== callback.version) checker.fail(`${id} has ${taken} events and version ${callback.version}`);
  }
  for (const attempt of disk.kept.attempts.values()) {
    if (attempt.endedAtMs === null) checker.fail(`attempt ${attempt.id} never ended`);
  }
  if (!running?.life.alive) return checker.fail('the process is not running');
  const { engine, life } = running;
  for (const agentId of agentIds) {
    const { state } = engine.registry.status(agentId);
    if (state !== 'READY' && state !== 'NOT_READY' && state !== 'LOGGED_OUT') {
      checker.fail(`agent ${agentId} is stuck in ${state}`);
    }
    const open = engine.invitations.invitationsOf(agentId);
    if (open.length > 0) checker.fail(`agent ${agentId} is asked for ever to take ${open[0]?.subjectId}`);
    if (disk.kept.agents.get(agentId)?.state !== state)
      checker.fail(`agent ${agentId}: stored state differs`);
  }
  for (const name of queueNames) {
    const queue = engine.router.queue(name);
    if (queue.length !== 0) checker.fail(`${queue.length} tokens stay in ${name}`);
    if (queue.overtakeCount !== 0) checker.fail(`${queue.overtakeCount} overtakes in ${name}`);
    if (engine.openCallbacks.count(name) !== 0) checker.fail(`open callbacks are counted in ${name}`);
  }
  if (engine.callbackCalls.callCount !== 0) checker.fail('customer calls stay');
  if (engine.inboundCalls.callCount !== 0) checker.fail('inbound sessions stay');
  if (network.legs.size !== 0) checker.fail(`${network.legs.size} legs stay up`);
  if (network.ringing.size !== 0) checker.fail(`${network.ringing.size} phones ring for ever`);
  if (life.timerCount !== 0) checker.fail(`${life.timerCount} timers stay`);
  return undefined;
}
