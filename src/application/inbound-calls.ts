import { setMaxListeners } from 'node:events';
import type { FlowOutcome } from '../ivr/flow-host.ts';
import type { FlowMachine } from '../ivr/flow-machine.ts';
import { runFlow } from '../ivr/flow-runner.ts';
import type { CallId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { MetricName, type Metrics } from '../kernel/metrics.ts';
import type { AudioSource, Leg } from '../telephony/leg.ts';
import type { InboundCall } from '../telephony/telephony.ts';
import type { Termination } from '../telephony/termination.ts';
import type { CallBook } from './call-book.ts';
import type { TransferEnd, TransferredCaller } from './caller-call.ts';
import type { PhoneControl } from './phone-control.ts';
import { InboundSession, type InboundSessionOptions } from './inbound-session.ts';

/** The dialogue behind the codes of an agent's phone (`*81` …, product §5). */
export const AGENT_CODES_FLOW = 'agent-codes';
const AGENT_CODE = /^\*8[0-9]$/;
/** Where transferred customers wait who have dialled nothing, or a flow that has no line. */
const LINE_FLOW = 'inbound';
/** Flows that go on one after the other with one call. */
const FLOWS_A_CALL_MAX = 20;

export interface InboundCallsOptions extends InboundSessionOptions {
  readonly flow: (name: string) => FlowMachine | undefined;
  readonly audioMs: ReadonlyMap<string, number>;
  readonly holdMusic: readonly AudioSource[];
  readonly metrics: Metrics;
  readonly callBook: CallBook;
  /** Agents' phones that dial during a conversation. */
  readonly phones: PhoneControl;
}

/** Which dialogue answers a call. */
interface Destination {
  readonly session: InboundSession;
  readonly machine: FlowMachine;
}

/**
 * Takes inbound calls from the door: finds the flow of the number dialled, answers, runs the dialogue, and
 * between two dialogues of one call lets an agent take it.
 */
export class InboundCalls {
  readonly #options: InboundCallsOptions;
  readonly #sessions = new Map<CallId, InboundSession>();
  readonly #shutdown = new AbortController();

  constructor(options: InboundCallsOptions) {
    this.#options = options;
    // One listener for each call in the house, removed with it: their count is admission's to bound.
    setMaxListeners(0, this.#shutdown.signal);
  }

  /** Callers in the house. */
  get callCount(): number {
    return this.#sessions.size;
  }

  /** SIP Call-ID of a caller in the house, for traces. */
  sipCallIdOf(callId: CallId): string | undefined {
    return this.#sessions.get(callId)?.call.sipCallId;
  }

  /** Queue and number of a caller in the house; the number is null when withheld. */
  callerOf(
    callId: CallId,
  ): { virtualQueue: string; customerNumber: string | null; from?: string } | undefined {
    const session = this.#sessions.get(callId);
    if (!session) return undefined;
    const { settings, ani, call } = session;
    const from = call.transferred?.from;
    const caller = { virtualQueue: settings.name, customerNumber: ani ?? null };
    return from === undefined ? caller : { ...caller, from };
  }

  /** The queue in whose line the agent's own call waits. */
  queueOfCall(callId: CallId, agentId: string): string | undefined {
    const source = this.#sessions.get(callId)?.call.source;
    if (source?.kind !== 'agent' || source.agentId !== agentId) return undefined;
    return this.#options.router.queueOf(callId)?.name;
  }

  /** The handler of telephony's inbound calls. */
  take(call: InboundCall): void {
    const log = this.#options.log.child({ callId: call.callId });
    log.info(
      { fromNumber: call.from.number, dialled: call.dialled, source: call.source, sipCallId: call.sipCallId },
      'inbound call',
    );
    if (this.#options.phones.dialled(call)) return;
    const destination = this.#destination(call);
    if (!destination) {
      log.warn({ dialled: call.dialled }, 'no DID or flow for the number dialled');
      this.#options.metrics.count(MetricName.callsRefusedTotal, { reason: 'unknown-number' });
      call.reject(404);
      return;
    }
    this.#sessions.set(call.callId, destination.session);
    this.#run(call, destination)
      .catch((error: unknown) => {
        log.error({ error }, 'inbound call failed');
      })
      .finally(() => {
        destination.session.over();
        this.#callInEnded(call.callId, log);
        this.#sessions.delete(call.callId);
      });
  }

  /** The router reserved an agent for this caller. */
  agentOffered(callId: CallId, agentId: string): void {
    const session = this.#sessions.get(callId);
    if (session) session.agentOffered(agentId);
    else this.#options.registry.release(agentId, callId, 'not-needed');
  }

  /** Somebody of this queue was served: the callers behind have moved up. */
  lineMoved(queue: string): void {
    for (const session of this.#sessions.values())
      if (session.settings.name === queue) session.factsChanged();
  }

  /**
   * A customer whom an agent gave to a queue goes on like any caller in its line, at the place given: at the
   * waiting state of the flow that they came by. Resolves when the call has ended; never rejects.
   */
  async takeOver({ leg, call, settings, language, place }: TransferredCaller): Promise<TransferEnd> {
    const { callId } = call;
    const log = this.#options.log.child({ callId });
    const session = new InboundSession(call, settings, language, { ...this.#options, log });
    this.#sessions.set(callId, session);
    session.answered(leg);
    session.takePlace(place);
    let isLost = false;
    try {
      await this.#wait(leg, session);
    } catch (error) {
      log.error({ error }, 'a transferred customer could not be served');
      isLost = true;
      await leg.hangUp();
    }
    const { bucket } = await leg.ended;
    session.over();
    this.#sessions.delete(callId);
    if (session.servedBy !== undefined) return 'served';
    if (this.#shutdown.signal.aborted) return 'stopped';
    return isLost || bucket === 'server_error' ? 'lost' : 'left';
  }

  /** Stops every dialogue; telephony ends the calls. */
  close(): void {
    this.#shutdown.abort();
  }

  #destination(call: InboundCall): Destination | undefined {
    const { directory, flow } = this.#options;
    if (call.source.kind === 'agent' && AGENT_CODE.test(call.dialled)) {
      const settings = directory.queues()[0];
      const machine = flow(AGENT_CODES_FLOW);
      return (
        settings && machine && { session: new InboundSession(call, settings, 'en', this.#options), machine }
      );
    }
    const did = directory.did(call.dialled);
    const settings = did && directory.queue(did.queue);
    const machine = did && flow(did.flow);
    if (!did || !settings || !machine) return undefined;
    const log = this.#options.log.child({ callId: call.callId });
    return { session: new InboundSession(call, settings, did.language, { ...this.#options, log }), machine };
  }

  async #run(call: InboundCall, { session, machine }: Destination): Promise<void> {
    const answer = await call.answer();
    const log = this.#options.log.child({ callId: call.callId });
    if (answer.kind === 'failed') {
      log.info({ termination: answer.termination }, 'inbound call not answered');
      this.#ended(call, answer.termination);
      return;
    }
    const { leg } = answer;
    session.answered(leg);
    const isCode = machine.flow.name === AGENT_CODES_FLOW;
    if (!isCode) this.#options.callBook.answered(call, session.settings.name);
    const outcome = await this.#converse(leg, session, machine).catch(async (error: unknown) => {
      // Nobody stays on the line with nobody.
      await leg.hangUp();
      throw error;
    });
    log.info({ outcome }, 'dialogue ended');
    if (outcome !== 'over' && outcome.kind !== 'transferred') await leg.hangUp();
    const termination = await leg.ended;
    log.info({ termination }, 'inbound call ended');
    this.#options.callBook.ended(call.callId, outcome, session.servedBy);
    this.#ended(call, termination);
  }

  /** Dialogue, agent, and the dialogue again when the agent did not take the call. */
  async #converse(
    leg: Leg,
    session: InboundSession,
    machine: FlowMachine,
    from?: string,
  ): Promise<FlowOutcome | 'over'> {
    const { clock, log, audioMs, holdMusic } = this.#options;
    const signal = this.#shutdown.signal;
    const { language } = session;
    let current = machine;
    let startAt = from;
    for (let flowCount = 0; flowCount < FLOWS_A_CALL_MAX;) {
      const dialogue = {
        leg,
        host: session,
        clock,
        log: log.child({ callId: leg.callId }),
        language,
        audioMs,
        signal,
      };
      const outcome = await runFlow(current, { ...dialogue, startAt });
      if (outcome.kind === 'continues') {
        flowCount++;
        const next = this.#options.flow(outcome.flow);
        if (!next) return failed(outcome.flow, 'FLOW_UNKNOWN', `there is no valid flow "${outcome.flow}"`);
        current = next;
        startAt = outcome.at;
        continue;
      }
      if (outcome.kind !== 'agent-taken') return outcome;
      if ((await session.serve(holdMusic)) === 'over') return 'over';
      startAt = current.waitingState;
    }
    return failed(current.flow.name, 'FLOW_LOOPED', 'flows continue each other in a circle');
  }

  /** The flow of the number that the customer had dialled, when callers wait in it; else the usual one. */
  #lineFlow(dialled: string): FlowMachine | undefined {
    const { directory, flow } = this.#options;
    const did = dialled === '' ? undefined : directory.did(dialled);
    const own = did && flow(did.flow);
    const machine = own?.waitingState === undefined ? flow(LINE_FLOW) : own;
    return machine?.waitingState === undefined ? undefined : machine;
  }

  /** The line, for somebody who is in it already. */
  async #wait(leg: Leg, session: InboundSession): Promise<void> {
    const machine = this.#lineFlow(session.call.dialled);
    const outcome = machine && (await this.#converse(leg, session, machine, machine.waitingState));
    this.#options.log.info({ callId: leg.callId, outcome }, 'dialogue of a transferred customer ended');
    if (outcome === 'over') return;
    // Whoever waits for an agent is not hung up on because nothing can be said to them.
    if (outcome === undefined || outcome.kind === 'failed') await this.#hold(leg, session);
    else if (outcome.kind !== 'transferred') await leg.hangUp();
  }

  /** Music, and nothing but, until an agent has taken the call or it has ended. */
  async #hold(leg: Leg, session: InboundSession): Promise<void> {
    const { holdMusic } = this.#options;
    for (;;) {
      void leg.play(holdMusic, { loop: true });
      await Promise.race([leg.ended, aborted(AbortSignal.any([session.agentTaken, this.#shutdown.signal]))]);
      if (leg.termination || this.#shutdown.signal.aborted) return;
      if ((await session.serve(holdMusic)) === 'over') return;
    }
  }

  #callInEnded(callId: CallId, log: Log): void {
    this.#options.callIns?.ended(callId).catch((error: unknown) => {
      // Ended at the next start.
      log.error({ error }, 'the end of a call-in could not be stored');
    });
  }

  #ended(call: InboundCall, termination: Termination): void {
    const labels = { direction: 'inbound', source: call.source.kind, outcome: termination.bucket };
    this.#options.metrics.count(MetricName.callsTotal, labels);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function failed(state: string, code: string, message: string): FlowOutcome {
  return { kind: 'failed', state, code, message };
}
