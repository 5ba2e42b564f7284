import { AppError, messageOf } from '../kernel/errors.ts';
import { Dialogue } from './dialogue.ts';
import type { DialogueOptions } from './dialogue.ts';
import { EXHAUSTED } from './flow-check.ts';
import type { ActionOf, FlowState } from './flow-document.ts';
import { holds } from './flow-facts.ts';
import type { FlowOutcome } from './flow-host.ts';
import type { FlowMachine, FlowPosition } from './flow-machine.ts';
import { runCollect, runMenu, runOffer } from './key-verbs.ts';
import { overflow, runQueue } from './line-verbs.ts';
import { runMessage } from './message-verb.ts';
import { chooseDay, chooseTime, proposeSlot } from './schedule-verbs.ts';

/** Steps of one run; a flow that takes more goes round in circles. */
export const STEPS_MAX = 2000;

/**
 * Runs a flow on an answered leg until it ends, the call ends, an agent takes the call or `signal` aborts.
 * Never rejects. Leaves no listener or timer behind.
 */
export async function runFlow(machine: FlowMachine, options: DialogueOptions): Promise<FlowOutcome> {
  const dialogue = new Dialogue(options);
  let position = machine.start(options.startAt);
  try {
    const visits = new Map<string, number>();
    for (let stepCount = 0; stepCount < STEPS_MAX; stepCount++) {
      if (!mayAct(dialogue, position.state)) return stopped(dialogue, position);
      const visitCount = (visits.get(position.name) ?? 0) + 1;
      visits.set(position.name, visitCount);
      options.log.debug({ flow: machine.flow.name, state: position.name }, 'flow state entered');
      const isExhausted = visitCount > (position.state.visitsMax ?? Infinity);
      const step = isExhausted ? EXHAUSTED : await perform(dialogue, position.state);
      if (step === undefined) return stopped(dialogue, position);
      if (typeof step !== 'string') return step;
      position = machine.next(position, step);
    }
    throw new AppError('FLOW_LOOPED', `the flow "${machine.flow.name}" took more than ${STEPS_MAX} steps`);
  } catch (thrown) {
    const code = thrown instanceof AppError ? thrown.code : 'FLOW_FAILED';
    options.log.error({ flow: machine.flow.name, state: position.name, code, err: thrown }, 'a flow failed');
    if (dialogue.booking) return booked(dialogue.booking, dialogue.stopReason === 'hung-up');
    if (code !== 'MEDIA_FAILED') await apologise(dialogue);
    return { kind: 'failed', state: position.name, code, message: messageOf(thrown) };
  } finally {
    dialogue.close();
  }
}

/** Said before a flow ends as `failed`; the one prompt that no flow names. */
export const FAULT_PROMPT = 'system-fault';

async function apologise(dialogue: Dialogue): Promise<void> {
  try {
    await dialogue.speak([FAULT_PROMPT], { bargeIn: false });
  } catch (thrown) {
    dialogue.log.warn({ err: thrown }, 'not even the apology could be said');
  }
}

/**
 * What the last key decided holds even when the caller has hung up right after it: a confirmed booking is
 * made (product §5), and a flow that was to hang up with a result has that result.
 */
function mayAct(dialogue: Dialogue, state: FlowState): boolean {
  if (dialogue.stopReason === undefined) return true;
  return dialogue.stopReason === 'hung-up' && (state.do === 'book' || state.do === 'hang-up');
}

/** Acts; returns the outcome, the end of the flow, or undefined when the dialogue was stopped. */
async function perform(dialogue: Dialogue, state: FlowState): Promise<string | FlowOutcome | undefined> {
  switch (state.do) {
    case 'play':
    case 'say':
      await dialogue.speak(state.phrase, { bargeIn: state.bargeIn });
      return unlessStopped(dialogue, 'done');
    case 'wait':
      await dialogue.pause(1000 * state.durationSec);
      return unlessStopped(dialogue, 'done');
    case 'set':
      dialogue.variables[state.variable] = state.to;
      return 'done';
    case 'branch':
      return holds(state.if, dialogue.host.facts(), dialogue.variables) ? 'yes' : 'no';
    case 'menu':
      return await runMenu(dialogue, state);
    case 'offer':
      return await runOffer(dialogue, state);
    case 'collect':
      return await runCollect(dialogue, state);
    case 'screen':
      return await screen(dialogue, state);
    case 'queue':
      return await runQueue(dialogue, state);
    case 'overflow':
      return await overflow(dialogue);
    case 'message':
      return await runMessage(dialogue, state);
    case 'day':
      return chooseDay(dialogue, state);
    case 'time':
      return chooseTime(dialogue, state);
    case 'propose':
      return unlessStopped(dialogue, await proposeSlot(dialogue, state));
    case 'book':
      return await book(dialogue);
    case 'match':
      return unlessStopped(dialogue, await match(dialogue, state));
    case 'pending':
      return (await dialogue.host.pendingCallback(state.choice)).kind;
    case 'agent':
      return (await dialogue.host.changeAgent(state.change)).kind;
    case 'transfer':
      return await transfer(dialogue, state);
    case 'continue':
      return { kind: 'continues', flow: state.flow, at: state.at };
    case 'hang-up':
      return await hangUp(dialogue, state);
    case 'end':
      return await end(dialogue, state);
    default:
      return state satisfies never;
  }
}

function unlessStopped(dialogue: Dialogue, outcome: string): string | undefined {
  return dialogue.stopSignal.aborted ? undefined : outcome;
}

async function screen(dialogue: Dialogue, state: ActionOf<'screen'>): Promise<string> {
  const digits = state.from === 'ani' ? dialogue.host.facts().ani : dialogue.variables.digits;
  if (typeof digits !== 'string') return 'not-valid';
  const screening = await dialogue.host.screenNumber(digits);
  if (screening.kind === 'refused') return screening.reason;
  dialogue.variables.number = screening.number;
  dialogue.variables.spokenNumber = screening.spoken;
  return 'accepted';
}

/** The combination that matched, `code-ani-dialled`, or why nothing did. */
async function match(dialogue: Dialogue, { by, need }: ActionOf<'match'>): Promise<string> {
  const { digits } = dialogue.variables;
  const code = typeof digits === 'string' ? { code: digits } : {};
  const answer = await dialogue.host.matchCallIn({ by, need, ...code });
  return answer.kind === 'matched' ? answer.by.join('-') : answer.kind;
}

async function book(dialogue: Dialogue): Promise<string> {
  const { number, inSlot } = dialogue.variables;
  if (typeof number !== 'string') {
    dialogue.log.error({}, 'a flow books without a screened number');
    return 'refused';
  }
  try {
    const booking = await dialogue.host.book({ number, inSlot: inSlot === true });
    if (booking.kind === 'refused') {
      dialogue.log.info({ reason: booking.reason }, 'a booking was refused');
      return 'refused';
    }
    dialogue.booking = { callbackId: booking.callbackId, number };
    return 'booked';
  } catch (thrown) {
    // The caller keeps the place on hold: better than a lost call.
    dialogue.log.error({ err: thrown }, 'a booking failed');
    return 'refused';
  }
}

async function transfer(dialogue: Dialogue, state: ActionOf<'transfer'>): Promise<string | FlowOutcome> {
  const { kind } = await dialogue.host.transfer(state.to);
  return kind === 'transferred' ? { kind, to: state.to } : 'failed';
}

async function hangUp(dialogue: Dialogue, state: ActionOf<'hang-up'>): Promise<FlowOutcome | undefined> {
  await dialogue.speak(state.phrase, { bargeIn: false });
  const isTaken = dialogue.stopSignal.aborted && dialogue.stopReason !== 'hung-up';
  if (isTaken && !dialogue.booking) return undefined;
  await dialogue.leg.hangUp();
  if (dialogue.booking) return booked(dialogue.booking, true);
  return { kind: 'finished', result: state.result, legEnded: true };
}

async function end(dialogue: Dialogue, state: ActionOf<'end'>): Promise<FlowOutcome | undefined> {
  await dialogue.speak(state.phrase, { bargeIn: false });
  if (dialogue.stopSignal.aborted) return undefined;
  if (dialogue.booking) return booked(dialogue.booking, false);
  return { kind: 'finished', result: state.result, legEnded: false };
}

function booked(booking: NonNullable<Dialogue['booking']>, legEnded: boolean): FlowOutcome {
  return { kind: 'booked', callbackId: booking.callbackId, number: booking.number, legEnded };
}

function stopped(dialogue: Dialogue, position: FlowPosition): FlowOutcome {
  const reason = dialogue.stopReason ?? 'stopped';
  if (dialogue.booking) return booked(dialogue.booking, reason === 'hung-up');
  if (reason === 'hung-up') return { kind: reason, state: position.name, inLine: dialogue.inLine };
  return { kind: reason, state: position.name };
}
