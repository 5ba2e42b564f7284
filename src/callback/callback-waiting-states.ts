import { machineSetup } from './callback-machine-setup.ts';
import {
  cancelled,
  dialForbidden,
  dials,
  ended,
  purged,
  queueMissing,
  ringsAgent,
  servedInbound,
  showsCase,
} from './callback-transitions.ts';

const enters = { target: '#callback.queued', actions: ['enterLine', 'takePlace'] } as const;

/** Waits for an instant: the customer's time, the end of a snooze or calling window, or the next attempt. */
export const scheduled = machineSetup.createStateConfig({
  initial: 'due-later',
  on: {
    CANCELLED: cancelled,
    SERVED_INBOUND: servedInbound,
    QUEUE_MISSING: queueMissing,
    RESCHEDULED: [
      { guard: 'isLater', target: '#callback.scheduled.due-later', actions: ['moveTo'] },
      { target: '#callback.queued', actions: ['moveTo', 'enterLine', 'takePlace'] },
    ],
  },
  states: {
    'due-later': { on: { DUE_REACHED: enters } },
    'retry-wait': { on: { DUE_REACHED: enters, PURGE_REACHED: purged } },
  },
});

/** Its token is in the line; nobody is being called. */
export const queued = machineSetup.createStateConfig({
  on: {
    DIAL_GRANTED: {
      guard: 'grantFits',
      target: 'routing.dialing',
      actions: ['beginPass', 'countAttempt', 'dueAfterDial', dials],
    },
    AGENT_RESERVED: {
      target: 'routing.ringing-agent',
      actions: ['agentFirst', 'takeAgent', 'dueAfterRing', ringsAgent],
    },
    PREVIEW_OFFERED: { target: 'routing.preview', actions: ['beginPreview', 'dueAfterPreview', showsCase] },
    PUSHED: [
      { guard: 'pushesLeft', target: 'routing.pushed', actions: ['notePush', 'leaveLine'] },
      // The customer put it off every time.
      { target: '#callback.completed', actions: ['leaveLine', ended('PUSH_EXPIRED')] },
    ],
    ...dialForbidden,
    DUE_REACHED: [
      // The queue is back: the pass begins anew.
      { guard: 'wasMissing', actions: ['enterLine', 'takePlace'] },
      {
        guard: 'passesLeft',
        target: '#callback.scheduled.retry-wait',
        actions: ['leaveLine', 'countExpiredPass', 'dueAfterRetry'],
      },
      { target: '#callback.completed', actions: ['leaveLine', 'countExpiredPass', ended('NO_AGENT')] },
    ],
    PURGE_REACHED: purged,
    RESCHEDULED: [
      { guard: 'isLater', target: '#callback.scheduled.due-later', actions: ['leaveLine', 'moveTo'] },
      { actions: ['moveTo', 'enterLine', 'takePlace'] },
    ],
    QUEUE_MISSING: queueMissing,
    CANCELLED: cancelled,
    SERVED_INBOUND: servedInbound,
  },
});
