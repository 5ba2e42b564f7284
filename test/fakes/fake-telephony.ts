import type { CallId } from '../../src/kernel/ids.ts';
import { SimulatedControls } from '../../src/simulation/simulated-controls.ts';
import { SimulatedJoins } from '../../src/simulation/simulated-joins.ts';
import type {
  AudioListener,
  AudioSource,
  Digit,
  Leg,
  PlayOutcome,
  Recording,
  TransferRequest,
} from '../../src/telephony/leg.ts';
import type {
  Bridge,
  InboundCall,
  Mix,
  OriginateOutcome,
  OriginateRequest,
  OutboundCall,
  Telephony,
} from '../../src/telephony/telephony.ts';
import type { Termination } from '../../src/telephony/termination.ts';

const remoteHangup: Termination = { bucket: 'success', reason: 'remote-hangup' };
const localHangup: Termination = { bucket: 'success', reason: 'local-hangup' };

/**
 * A leg without sound: tests end it, press its keys, hold and transfer by `controls`, and read what was
 * played, muted and recorded.
 */
export class QuietLeg implements Leg {
  readonly callId: CallId;
  readonly direction: 'inbound' | 'outbound';
  readonly remote: Leg['remote'];
  readonly ended: Promise<Termination>;
  termination: Termination | undefined;
  readonly played: (readonly AudioSource[])[] = [];
  readonly sentDigits: string[] = [];
  /** Recordings last as long as `nowMs` says; 0 unless a test moves it. */
  nowMs = 0;
  readonly controls: SimulatedControls;
  #end!: (termination: Termination) => void;
  readonly #digitListeners = new Set<(digit: Digit) => void>();

  constructor(callId: CallId, direction: 'inbound' | 'outbound', number: string) {
    this.callId = callId;
    this.direction = direction;
    this.remote = { uri: `sip:${number}@test`, number };
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.controls = new SimulatedControls(() => this.nowMs, this.ended);
  }

  get muted(): boolean {
    return this.controls.muted;
  }

  play(sources: readonly AudioSource[], options: { loop?: boolean } = {}): Promise<PlayOutcome> {
    this.played.push(sources);
    return options.loop === true ? this.ended.then(() => 'ended') : Promise.resolve('done');
  }

  onDigit(listener: (digit: Digit) => void): () => void {
    this.#digitListeners.add(listener);
    return () => this.#digitListeners.delete(listener);
  }

  press(digits: string): void {
    for (const digit of digits) for (const listener of this.#digitListeners) listener(digit as Digit);
  }

  sendDigits(digits: string): Promise<void> {
    this.sentDigits.push(digits);
    return Promise.resolve();
  }

  onHold(listener: (held: boolean) => void): () => void {
    return this.controls.onHold(listener);
  }

  onTransferRequest(listener: (request: TransferRequest) => void): () => void {
    return this.controls.onTransferRequest(listener);
  }

  setMuted(muted: boolean): Promise<void> {
    this.controls.muted = muted;
    return Promise.resolve();
  }

  record(path: string): Promise<Recording> {
    return Promise.resolve(this.controls.record(path));
  }

  tap(listener: AudioListener): (() => void) | undefined {
    return this.controls.tap(listener);
  }

  async hangUp(): Promise<void> {
    this.end(localHangup);
  }

  /** The far end hangs up (default) or the call is lost. */
  end(termination: Termination = remoteHangup): void {
    this.termination ??= termination;
    this.#end(this.termination);
  }
}

/** An outbound call that the test answers or fails. */
export class PlacedCall implements OutboundCall {
  readonly request: OriginateRequest;
  readonly callId: CallId;
  readonly outcome: Promise<OriginateOutcome>;
  readonly ringing = Promise.resolve();
  readonly inviteSent = Promise.resolve(0);
  cancelled = false;
  /** Once it has been answered. */
  leg: QuietLeg | undefined;
  isOver = false;
  readonly #canTap: boolean;
  #settle!: (outcome: OriginateOutcome) => void;

  constructor(request: OriginateRequest, canTap = false) {
    this.request = request;
    this.#canTap = canTap;
    this.callId = request.callId;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  answer(): QuietLeg {
    const { target, callId } = this.request;
    const leg = new QuietLeg(callId, 'outbound', target.kind === 'agent' ? target.agentId : target.number);
    if (!this.isOver) this.leg = leg;
    this.isOver = true;
    this.#settle({ kind: 'answered', leg });
    return leg;
  }

  /** What the far end would be heard by, when the test lets it. */
  listener: AudioListener | undefined;

  tap(listener: AudioListener): (() => void) | undefined {
    if (!this.#canTap) return undefined;
    this.listener = listener;
    return () => {
      this.listener = undefined;
    };
  }

  fail(termination: Termination): void {
    this.isOver = true;
    this.#settle({ kind: 'failed', termination });
  }

  cancel(): void {
    this.cancelled = true;
    this.fail({ bucket: 'success', reason: 'cancelled' });
  }
}

/** A telephone network in which nothing happens unless the test says so. */
export class FakeTelephony implements Telephony {
  readonly placed: PlacedCall[] = [];
  readonly bridges: [Leg, Leg][] = [];
  readonly unreachable = new Set<string>();
  bridgeError: Error | undefined;
  /** Makes the next joins of mixes fail. */
  mixFails = false;
  /** Bridges and mixes as they are now: who hears whom. */
  readonly joins = new SimulatedJoins({ delay: () => Promise.resolve(), fails: () => this.mixFails });
  connected = true;
  /** The media server can be listened to. */
  canTap = false;
  readonly #canCallListeners = new Set<() => void>();
  #handler: ((call: InboundCall) => void) | undefined;
  #reachability: ((agentId: string, reachable: boolean) => void) | undefined;

  onInboundCall(handler: (call: InboundCall) => void): void {
    this.#handler = handler;
  }

  ring(call: InboundCall): void {
    this.#handler?.(call);
  }

  originate(request: OriginateRequest): OutboundCall {
    const call = new PlacedCall(request, this.canTap);
    this.placed.push(call);
    return call;
  }

  async bridge(a: Leg, b: Leg): Promise<Bridge> {
    if (this.bridgeError) throw this.bridgeError;
    this.bridges.push([a, b]);
    return this.joins.bridge(a, b);
  }

  createMix(): Promise<Mix> {
    return this.joins.createMix();
  }

  canCall(): boolean {
    return this.connected;
  }

  onCanCall(listener: () => void): void {
    this.#canCallListeners.add(listener);
  }

  /** Both servers are lost, or are there again. */
  setConnected(connected: boolean): void {
    this.connected = connected;
    if (connected) for (const listener of this.#canCallListeners) listener();
  }

  isAgentReachable(agentId: string): boolean {
    return !this.unreachable.has(agentId);
  }

  onAgentReachability(listener: (agentId: string, reachable: boolean) => void): void {
    this.#reachability = listener;
  }

  /** The agent's phone gains its first registration, or loses its last. */
  setReachable(agentId: string, reachable: boolean): void {
    if (reachable) this.unreachable.delete(agentId);
    else this.unreachable.add(agentId);
    this.#reachability?.(agentId, reachable);
  }
}

/** Lets every promise that can settle do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
