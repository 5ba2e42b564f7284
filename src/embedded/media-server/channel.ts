import type { EventHeaders } from './event-format.ts';
import { formatHeaders } from './event-format.ts';
import type { EventSource } from './event-source.ts';
import type { HangupCause } from './hangup-cause.ts';

/** What a running application is ended with. */
export type Interruption = 'break' | 'transfer' | 'hangup';

/** A key press as applications see it. */
export interface ChannelDigit {
  readonly digit: string;
  readonly durationSamples: number;
}

/** An application asked for: name, argument, and the uuid its events carry. */
export interface ApplicationRequest {
  readonly name: string;
  readonly argument: string;
  readonly uuid: string;
  /** How often it is executed, for `loops`. */
  readonly loopCount: number;
}

/** Runs an application to its end. @returns what Application-Response says. */
export type RunApplication = (
  channel: Channel,
  request: ApplicationRequest,
  signal: AbortSignal,
) => Promise<string> | string;

/** An application and whether it is done at once: then it does not wait for the one that runs. */
export interface Application {
  readonly isInstant: boolean;
  readonly run: RunApplication;
}

/** What a channel needs around it. */
export interface ChannelHost {
  readonly events: EventSource;
  readonly queuedApplicationsMax: number;
  readonly variablesMax: number;
  application(name: string): Application | undefined;
  applicationFailed(channel: Channel, name: string, error: unknown): void;
  /** Ends SIP and media; called once. */
  release(channel: Channel, cause: HangupCause, isRemote: boolean): void;
}

/** Facts of the call that do not change, for event headers. */
export interface ChannelIdentity {
  readonly uuid: string;
  readonly name: string;
  readonly callerNumber: string;
  readonly destination: string;
  readonly networkAddress: string;
}

const DIGITS_HELD_MAX = 64;
const VARIABLE_LENGTH_MAX = 16_384;
/** Variables that describe the SIP call: in CHANNEL_DATA and uuid_dump, not in each event. */
const STATIC_VARIABLE = /^(sip_|rtp_local_sdp_str$|switch_r_sdp$|rtp_use_|session_id$|direction$|uuid$)/;

/**
 * One call leg of the media server: variables, events, and the applications executed on it one after another.
 */
export class Channel {
  readonly identity: ChannelIdentity;
  readonly variables = new Map<string, string>();
  /** The channel this one is bridged with. */
  partner: Channel | undefined;
  /** What ends with the channel: recordings, taps, forks. */
  readonly cleanups = new Set<() => void>();
  /** Hears every key press while set. */
  digitListener: ((digit: ChannelDigit) => void) | undefined;
  /** While true key presses without a listener wait instead of being lost. */
  holdsDigits = false;
  readonly #host: ChannelHost;
  readonly #createdUs = `${Date.now()}000`;
  readonly #queue: ApplicationRequest[] = [];
  readonly #heldDigits: ChannelDigit[] = [];
  #running: { readonly request: ApplicationRequest; readonly controller: AbortController } | undefined;
  #isHungUp = false;
  #cause: HangupCause | undefined;

  constructor(identity: ChannelIdentity, host: ChannelHost) {
    this.identity = identity;
    this.#host = host;
  }

  get uuid(): string {
    return this.identity.uuid;
  }

  get isHungUp(): boolean {
    return this.#isHungUp;
  }

  /** True while an application other than an instant one runs. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** Sets a variable, or unsets it with undefined; too many or too long ones are refused. */
  setVariable(name: string, value: string | undefined): boolean {
    if (value === undefined) {
      this.variables.delete(name);
      return true;
    }
    const isNew = !this.variables.has(name);
    if (name === '' || /[\s:]/.test(name) || value.length > VARIABLE_LENGTH_MAX) return false;
    if (isNew && this.variables.size >= this.#host.variablesMax) return false;
    this.variables.set(name, value);
    return true;
  }

  /** Who the channel is and how it stands: in every event of it. */
  basicHeaders(): EventHeaders {
    const { name, callerNumber, destination, networkAddress } = this.identity;
    const codec = this.variables.get('rtp_use_codec_name') ?? 'PCMU';
    return {
      'Channel-State': this.#isHungUp ? 'CS_HANGUP' : 'CS_EXECUTE',
      'Channel-Call-State': this.#isHungUp ? 'HANGUP' : 'ACTIVE',
      'Channel-State-Number': this.#isHungUp ? '10' : '4',
      'Channel-Name': name,
      'Unique-ID': this.uuid,
      'Call-Direction': 'inbound',
      'Channel-Call-UUID': this.uuid,
      'Answer-State': this.#isHungUp ? 'hangup' : 'answered',
      ...(this.#cause === undefined ? {} : { 'Hangup-Cause': this.#cause }),
      'Channel-Read-Codec-Name': codec,
      'Channel-Read-Codec-Rate': '8000',
      'Channel-Write-Codec-Name': codec,
      'Channel-Write-Codec-Rate': '8000',
      'Caller-Caller-ID-Number': callerNumber,
      'Caller-Network-Addr': networkAddress,
      'Caller-Destination-Number': destination,
      'Caller-Unique-ID': this.uuid,
      'Caller-Channel-Name': name,
      'Caller-Channel-Created-Time': this.#createdUs,
      ...(this.partner === undefined ? {} : { 'Other-Leg-Unique-ID': this.partner.uuid }),
    };
  }

  /** All variables, for CHANNEL_DATA and uuid_dump. */
  allHeaders(): EventHeaders {
    return { ...this.basicHeaders(), ...this.#variableHeaders(() => true) };
  }

  /** The reply to `connect` and to uuid_dump: encoded header lines. */
  formatData(): string {
    const identity = { 'Channel-Direction': 'inbound', 'Channel-Unique-ID': this.uuid };
    return formatHeaders({ ...this.#host.events.stamp('CHANNEL_DATA'), ...identity, ...this.allHeaders() });
  }

  /** Fires an event of this channel with the variables that change. */
  fire(name: string, headers: EventHeaders = {}, subclass?: string, body?: string): void {
    if (!this.#isWanted(name, headers, subclass)) return;
    const variables = this.#variableHeaders((variable) => !STATIC_VARIABLE.test(variable));
    this.#host.events.fire(name, { ...this.basicHeaders(), ...variables, ...headers }, subclass, body);
  }

  /** Fires an event with identity headers only. */
  fireBrief(name: string, headers: EventHeaders, subclass?: string, body?: string): void {
    if (!this.#isWanted(name, headers, subclass)) return;
    this.#host.events.fire(name, { ...this.basicHeaders(), ...headers }, subclass, body);
  }

  /** Most events have nobody who wants them; a conference's may be asked for by its own id. */
  #isWanted(name: string, headers: EventHeaders, subclass: string | undefined): boolean {
    return (
      headers['Conference-Unique-ID'] !== undefined || this.#host.events.isWanted(name, this.uuid, subclass)
    );
  }

  /**
   * Executes an application, after those already waiting; one that is done at once does not wait for a
   * running one, as FreeSWITCH executes messages while a file plays. @returns false when too many wait.
   */
  execute(request: ApplicationRequest): boolean {
    if (this.#isHungUp) return false;
    const isInstant = this.#host.application(request.name)?.isInstant ?? true;
    const isNext = this.#queue.length === 0 || request.name === 'hangup' || request.name === 'break';
    if (isInstant && isNext) {
      this.#runInstant(request);
      return true;
    }
    if (this.#queue.length >= this.#host.queuedApplicationsMax) return false;
    this.#queue.push(request);
    this.#runNext();
    return true;
  }

  /** Ends the running application; `all` also what waits. */
  interrupt(reason: Interruption, all = false): void {
    if (all) this.#queue.length = 0;
    this.#running?.controller.abort(reason);
  }

  /** A key press: an event first, then to whoever collects. */
  receiveDigit(digit: ChannelDigit, source: string): void {
    if (this.#isHungUp) return;
    this.fireBrief('DTMF', {
      'DTMF-Digit': digit.digit,
      'DTMF-Duration': String(digit.durationSamples),
      'DTMF-Source': source,
    });
    if (this.digitListener !== undefined) this.digitListener(digit);
    else if (this.holdsDigits && this.#heldDigits.length < DIGITS_HELD_MAX) this.#heldDigits.push(digit);
  }

  /** Takes the oldest key press that waited. */
  takeHeldDigit(): ChannelDigit | undefined {
    return this.#heldDigits.shift();
  }

  flushDigits(): void {
    this.#heldDigits.length = 0;
  }

  /** Ends the call. @param isRemote the phone's side ended it: no BYE is needed. */
  hangup(cause: HangupCause, isRemote = false): void {
    if (this.#isHungUp) return;
    this.#isHungUp = true;
    this.#cause = cause;
    this.#queue.length = 0;
    this.setVariable('hangup_cause', cause);
    this.interrupt('hangup');
    this.fireBrief('CHANNEL_CALLSTATE', {
      'Original-Channel-Call-State': 'ACTIVE',
      'Channel-Call-State-Number': '7',
    });
    this.fire('CHANNEL_HANGUP');
    for (const cleanup of this.cleanups) cleanup();
    this.cleanups.clear();
    this.digitListener = undefined;
    this.flushDigits();
    this.#host.release(this, cause, isRemote);
  }

  #variableHeaders(isWanted: (name: string) => boolean): EventHeaders {
    const headers: EventHeaders = {};
    for (const [name, value] of this.variables) if (isWanted(name)) headers[`variable_${name}`] = value;
    return headers;
  }

  #runInstant(request: ApplicationRequest): void {
    const application = this.#host.application(request.name);
    this.#fireExecute(request);
    let response = '_none_';
    try {
      if (application === undefined) this.#host.applicationFailed(this, request.name, 'unknown application');
      const outcome = application?.run(this, request, new AbortController().signal);
      if (typeof outcome === 'string') response = outcome;
      else if (outcome !== undefined) {
        void outcome
          .then((late) => this.#fireComplete(request, late))
          .catch((error: unknown) => {
            this.#host.applicationFailed(this, request.name, error);
            this.#fireComplete(request, '_none_');
          });
        return;
      }
    } catch (error) {
      this.#host.applicationFailed(this, request.name, error);
    }
    this.#fireComplete(request, response);
  }

  #runNext(): void {
    if (this.#running !== undefined || this.#isHungUp) return;
    const request = this.#queue.shift();
    if (request === undefined) return;
    const application = this.#host.application(request.name);
    if (application === undefined || application.isInstant) {
      this.#runInstant(request);
      this.#runNext();
      return;
    }
    void this.#run(request, application);
  }

  async #run(request: ApplicationRequest, application: Application): Promise<void> {
    const controller = new AbortController();
    this.#running = { request, controller };
    this.#fireExecute(request);
    let response = '_none_';
    try {
      for (let i = 0; i < request.loopCount && !controller.signal.aborted; i++) {
        response = await application.run(this, request, controller.signal);
      }
    } catch (error) {
      this.#host.applicationFailed(this, request.name, error);
    }
    this.#running = undefined;
    this.digitListener = undefined;
    this.holdsDigits = false;
    this.flushDigits();
    this.#fireComplete(request, response);
    this.#runNext();
  }

  #fireExecute(request: ApplicationRequest): void {
    this.variables.set('current_application', request.name);
    this.variables.set('current_application_data', request.argument.slice(0, VARIABLE_LENGTH_MAX));
    this.fireBrief('CHANNEL_EXECUTE', {
      Application: request.name,
      'Application-Data': request.argument,
      'Application-UUID': request.uuid,
    });
  }

  #fireComplete(request: ApplicationRequest, response: string): void {
    this.fire('CHANNEL_EXECUTE_COMPLETE', {
      Application: request.name,
      'Application-Data': request.argument,
      'Application-Response': response,
      'Application-UUID': request.uuid,
    });
  }
}
