// A client of Turnkeeper's workspace API in plain JavaScript: what an agent's screen needs and nothing else.
// Node 20 has no WebSocket of its own, and the one of browsers and later Nodes cannot send an Authorization
// header: `ws` is used, which Turnkeeper itself depends on. In a browser log in with `cookie: true` and use
// the browser's WebSocket; the rest is the same.
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { WebSocket } from 'ws';

/** Pauses between two tries to reach the server, in ms; a little chance keeps a thousand screens apart. */
const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 15_000;
/** Tries to deliver one command; the key makes it happen once however often it arrives. */
const COMMAND_TRIES_MAX = 5;
/** A server that says nothing for this long (it pings every 20 s) is taken for gone. */
const SILENCE_MAX_MS = 60_000;

/** The server's answer when it is not 2xx: `code` is stable and listed in docs/errors.md. */
export class WorkspaceError extends Error {
  constructor(status, error) {
    super(error?.message ?? `HTTP ${status}`);
    this.status = status;
    this.code = error?.code ?? 'UNKNOWN';
    this.details = error ?? {};
  }
}

/**
 * One agent's workspace: `state` is how everything stands, kept up to date by the feed.
 *
 * Events: `change` (the message that changed something), `snapshot`, `connected`, `disconnected`,
 * `signedOut`.
 */
export class WorkspaceClient extends EventEmitter {
  /** Everything that is known; the maps are by id. */
  state = { agent: null, invitations: new Map(), calls: new Map(), cases: new Map(), notReadyReasons: [] };
  #url;
  #token;
  #cursor;
  #socket;
  #isClosed = false;
  #retryMs = RETRY_FIRST_MS;
  #retryTimer;
  #silenceTimer;

  /** @param url of the server, such as http://localhost:8080 */
  constructor(url, token) {
    super();
    this.#url = url.replace(/\/$/, '');
    this.#token = token;
  }

  /** Logs in; the client is not connected yet. */
  static async login(url, name, password) {
    const response = await fetch(`${url}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name, password }),
    });
    const body = await response.json();
    if (!response.ok) throw new WorkspaceError(response.status, body.error);
    return new WorkspaceClient(url, body.token);
  }

  /** Opens the feed, and again whenever it is lost, from where it was: nothing is missed, nothing seen twice. */
  connect() {
    if (this.#isClosed) return;
    const address = new URL(`${this.#url}/api/v1/workspace/events`);
    address.protocol = address.protocol.replace('http', 'ws');
    if (this.#cursor) address.searchParams.set('since', this.#cursor);
    const socket = new WebSocket(address, { headers: { authorization: `Bearer ${this.#token}` } });
    this.#socket = socket;
    socket.on('open', () => this.#heard());
    socket.on('ping', () => this.#heard());
    socket.on('message', (data) => {
      this.#heard();
      this.#take(JSON.parse(new TextDecoder().decode(data)));
    });
    socket.on('unexpected-response', (_request, response) => {
      if (response.statusCode === 401) this.#signedOut();
      socket.terminate();
    });
    // What went wrong is told by `close`, which always follows.
    socket.on('error', () => undefined);
    socket.on('close', (code) => {
      clearTimeout(this.#silenceTimer);
      if (code === 4401) this.#signedOut();
      this.emit('disconnected', code);
      this.#connectLater();
    });
  }

  /** Closes the feed. The agent's state and calls stay as they are. */
  close() {
    this.#isClosed = true;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#silenceTimer);
    this.#socket?.close();
  }

  /** Ends this client's connection as a failing network would; it comes back by itself. */
  drop() {
    this.#socket?.terminate();
  }

  setState(state, reason) {
    return this.#command('/state', { state, ...(reason && { reason }) });
  }

  accept(invitationId) {
    return this.#command(`/invitations/${invitationId}/accept`);
  }

  reject(invitationId, reason) {
    return this.#command(`/invitations/${invitationId}/reject`, reason ? { reason } : {});
  }

  /** @param command such as { type: 'hold' } or { type: 'transfer', target: { kind: 'agent', agentId } } */
  call(callId, command) {
    return this.#command(`/calls/${callId}/commands`, command);
  }

  note(caseId, text) {
    return this.#command(`/cases/${caseId}/notes`, { text });
  }

  disposition(caseId, code) {
    return this.#command(`/cases/${caseId}/disposition`, { code });
  }

  data(caseId, changes) {
    return this.#command(`/cases/${caseId}/data`, { changes });
  }

  reschedule(caseId, desiredAt) {
    return this.#command(`/cases/${caseId}/reschedule`, { desiredAt });
  }

  done(caseId) {
    return this.#command(`/cases/${caseId}/done`);
  }

  targets() {
    return this.#request('GET', '/targets');
  }

  /** One key for all tries of a command: it is carried out once, whatever becomes of the connection. */
  async #command(path, body) {
    const headers = { 'idempotency-key': randomUUID() };
    for (let tries = 1; ; tries++) {
      try {
        return await this.#request('POST', path, body, headers);
      } catch (error) {
        const isTemporary = !(error instanceof WorkspaceError) || error.status === 503;
        if (!isTemporary || tries >= COMMAND_TRIES_MAX) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_FIRST_MS * 2 ** (tries - 1)));
      }
    }
  }

  async #request(method, path, body, headers = {}) {
    const response = await fetch(`${this.#url}/api/v1/workspace${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...headers,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = await response.json();
    if (!response.ok) throw new WorkspaceError(response.status, answer.error);
    return answer;
  }

  #take(message) {
    if (message.cursor) this.#cursor = message.cursor;
    this.#retryMs = RETRY_FIRST_MS;
    const { state } = this;
    switch (message.type) {
      case 'hello':
        this.emit('connected', true);
        return;
      case 'reset':
        this.#begin(message.snapshot);
        this.emit('connected', false);
        this.emit('snapshot', this.state);
        return;
      case 'agent-state':
        state.agent = message.agent;
        break;
      case 'invitation':
        put(state.invitations, message.invitation);
        break;
      case 'invitation-ended':
        state.invitations.delete(message.invitation.id);
        break;
      case 'not-called':
        // Nothing changes: `message.notCalled.text` says why the customer is not dialled.
        break;
      case 'call':
        put(state.calls, message.call);
        break;
      case 'call-ended':
        state.calls.delete(message.call.id);
        break;
      case 'case':
        if (message.case.state === 'DONE') state.cases.delete(message.case.id);
        else put(state.cases, message.case);
        break;
      default:
        // A later server may tell more: what is not known is left alone.
        return;
    }
    this.emit('change', message);
  }

  #begin({ agent, invitations, calls, cases, notReadyReasons }) {
    const byId = (items) => new Map(items.map((item) => [item.id, item]));
    const maps = { invitations: byId(invitations), calls: byId(calls), cases: byId(cases) };
    this.state = { agent, notReadyReasons, ...maps };
  }

  #heard() {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#socket?.terminate(), SILENCE_MAX_MS);
  }

  #signedOut() {
    if (this.#isClosed) return;
    this.close();
    this.emit('signedOut');
  }

  #connectLater() {
    if (this.#isClosed) return;
    this.#retryTimer = setTimeout(() => this.connect(), this.#retryMs * (0.5 + Math.random()));
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
  }
}

/** Events that a snapshot has overtaken are older: the higher version counts. */
function put(items, item) {
  const known = items.get(item.id);
  if (!known || known.version <= item.version) items.set(item.id, item);
}
