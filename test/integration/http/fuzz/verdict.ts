import { findSchemaFaults, schemaFaults } from '../../../contract/http/json-schema.ts';
import { type ApiDocument, answerFaults, operationsOf } from '../../../contract/http/openapi-document.ts';
import type { FuzzRequest } from './request-maker.ts';
import type { WireAnswer, WireOutcome } from './wire.ts';

/** What only the inside of the program says. */
const INSIDE = [
  /\bat (?:async )?[\w.<>$ ]+ \((?:file:|node:|\/)/,
  /node:internal|node_modules/,
  /\/src\/[\w/-]+\.[jt]s|\.[jt]s:\d+:\d+/,
  /SqliteError|SQLITE_[A-Z]+|no such column|UNIQUE constraint/i,
  /TypeError|RangeError|ReferenceError|Cannot read propert/,
  /FST_ERR_|ERR_[A-Z]+_[A-Z]+/,
];
/** RFC 9110 §15.5.1, §15.5.9, RFC 6585 §5: malformed, too slow, headers too large. */
const BEFORE_ROUTING = new Set([400, 408, 431]);
/** 503 tells when to come again; the v3 API says the same as 500 with a code of its own. */
const GES_UNAVAILABLE = 50_001;

/** Judges answers by the document. */
export class Judge {
  readonly #document: ApiDocument;
  readonly #errorSchemas: readonly object[];
  /** What must be in no answer: keys, tokens, passwords, folders. */
  readonly #secrets: readonly string[];

  constructor(document: ApiDocument, secrets: readonly string[]) {
    this.#document = document;
    this.#secrets = secrets.filter((secret) => secret !== '');
    const errors = operationsOf(document).map(
      ({ responses }) => responses['default']?.content?.['application/json']?.schema,
    );
    const distinct = new Map(errors.map((schema) => [JSON.stringify(schema), schema]));
    this.#errorSchemas = [...distinct.values()].filter((schema) => typeof schema === 'object');
    const broken = this.#errorSchemas.flatMap((schema) => findSchemaFaults(schema, document));
    if (broken.length > 0) throw new Error(broken.join('\n'));
  }

  /** What is wrong with what came back; empty when nothing is. */
  faults(request: FuzzRequest, outcome: WireOutcome): string[] {
    if (outcome.kind === 'closed') return request.mayBeCut ? [] : ['closed without an answer'];
    if (outcome.kind === 'silent') return ['no answer'];
    const { answer } = outcome;
    const text = answer.body.toString('utf8');
    if (answer.status === 101) return [];
    return [
      ...this.#serverFaults(answer, text),
      ...this.#headerFaults(request, answer, text),
      ...this.#leaks(text),
      ...(request.method === 'HEAD' ? [] : this.#shapeFaults(request, answer, text)),
    ];
  }

  #serverFaults({ status, headers }: WireAnswer, text: string): string[] {
    const faults: string[] = [];
    if (status < 100 || status > 599) faults.push(`the status is ${status}`);
    if (status < 500) return faults;
    const mayBe = status === 503 || (status === 500 && text.includes(`"code":${GES_UNAVAILABLE}`));
    const isHealth = /"(?:ready|ok|status)":/.test(text) && !text.includes('"error"') && status === 503;
    if (!mayBe) faults.push(`the status is ${status}`);
    else if (!headers.has('retry-after') && !isHealth) faults.push(`${status} without retry-after`);
    return faults;
  }

  #headerFaults({ method }: FuzzRequest, { headers, status }: WireAnswer, text: string): string[] {
    const faults: string[] = [];
    const id = headers.get('x-correlation-id') ?? '';
    if (!/^corr_[0-9a-z]{8,40}$/.test(id)) faults.push('no correlation id');
    if (headers.has('x-injected')) faults.push('a header was injected');
    if (
      status >= 400 &&
      method !== 'HEAD' &&
      /"(?:correlationId|corrId)":/.test(text) &&
      !text.includes(id)
    ) {
      faults.push('the body has another correlation id');
    }
    if (headers.has('server') || headers.has('x-powered-by')) faults.push('tells what serves');
    if (status === 405 && !headers.has('allow')) faults.push('405 without allow');
    if (status === 401 && !headers.has('www-authenticate')) faults.push('401 without www-authenticate');
    if (status === 429 && !headers.has('retry-after') && !/SLOT|42901/.test(text)) {
      faults.push('429 without retry-after');
    }
    return faults;
  }

  #leaks(text: string): string[] {
    const inside = INSIDE.map((pattern) => pattern.exec(text)?.[0]).filter((found) => found !== undefined);
    const told = this.#secrets.filter((secret) => text.includes(secret));
    return [
      ...inside.map((found) => `tells of its inside: ${found}`),
      ...told.map((secret) => `tells a secret: ${secret.slice(0, 6)}…`),
    ];
  }

  #shapeFaults(request: FuzzRequest, { status, headers }: WireAnswer, text: string): string[] {
    const contentType = headers.get('content-type');
    // What never became a request has no route: it is told in the native envelope, and the connection ends.
    const isOfConnection = BEFORE_ROUTING.has(status) && headers.get('connection') === 'close';
    if (request.isForOperation && !isOfConnection) {
      return answerFaults(request.operation, { status, contentType, text }, this.#document);
    }
    if (status < 400) return [];
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      return [`${status} is not valid JSON: ${text.slice(0, 100)}`];
    }
    const fits = this.#errorSchemas.some((schema) => schemaFaults(schema, body, this.#document).length === 0);
    return fits ? [] : [`${status} is in no known shape: ${text.slice(0, 200)}`];
  }
}
