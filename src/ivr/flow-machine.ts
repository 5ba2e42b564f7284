import { createMachine, initialTransition, transition } from 'xstate';
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { assert } from '../kernel/errors.ts';
import { possibleOutcomes, targetOf } from './flow-check.ts';
import type { FlowDocument, FlowState, Verb } from './flow-document.ts';

/** Prefix of the machine's events: a bare `*` would be xstate's wildcard. */
const EVENT = 'outcome:';
const ENDS: ReadonlySet<Verb> = new Set(['hang-up', 'continue', 'end']);

/**
 * A flow compiled to a statechart (xstate 5), used purely: `start` and `next` return the state to perform and
 * run nothing. The machine can be drawn with xstate's tools.
 */
export class FlowMachine {
  readonly flow: FlowDocument;
  readonly machine: AnyStateMachine;

  /** @param flow a checked flow (`readFlow`). */
  constructor(flow: FlowDocument) {
    this.flow = flow;
    this.machine = createMachine({
      id: flow.name,
      initial: flow.initial,
      states: Object.fromEntries(
        Object.entries(flow.states).map(([name, state]) => [
          name,
          {
            ...(ENDS.has(state.do) ? { type: 'final' as const } : {}),
            on: Object.fromEntries(
              possibleOutcomes(state).map((outcome) => [
                `${EVENT}${outcome}`,
                // `reenter`: a state may follow itself and then acts again.
                { target: targetOf(state, outcome), reenter: true },
              ]),
            ),
          },
        ]),
      ),
    });
  }

  /**
   * The first position: the flow's initial state, or the named one when a dialogue goes on after an
   * interruption.
   */
  start(at?: string): FlowPosition {
    if (at === undefined) return this.#position(initialTransition(this.machine)[0]);
    return this.#position(this.machine.resolveState({ value: at, context: {} }));
  }

  /** Where a caller waits in line: the flow's first `queue` state; undefined when it has none. */
  get waitingState(): string | undefined {
    return Object.entries(this.flow.states).find(([, state]) => state.do === 'queue')?.[0];
  }

  /** The position after an outcome. An outcome that the state does not have is a programmer's mistake. */
  next(position: FlowPosition, outcome: string): FlowPosition {
    assert(
      possibleOutcomes(position.state).includes(outcome),
      `${this.flow.name}/${position.name} has the outcome ${outcome}`,
    );
    return this.#position(transition(this.machine, position.snapshot, { type: `${EVENT}${outcome}` })[0]);
  }

  #position(snapshot: AnyMachineSnapshot): FlowPosition {
    const name = String(snapshot.value);
    const state = this.flow.states[name];
    assert(state, `${this.flow.name} has the state ${name}`);
    return { name, state, snapshot };
  }
}

/** Where a dialogue stands in its flow. */
export interface FlowPosition {
  readonly name: string;
  readonly state: FlowState;
  readonly snapshot: AnyMachineSnapshot;
}
