import {
  type ApiMedia,
  type ApiOperation,
  type ApiParameter,
  examplesOf,
} from '../../../contract/http/openapi-document.ts';
import type { Dice } from './dice.ts';
import {
  hostileBodies,
  hostileContentTypes,
  hostileHeaders,
  hostileMethods,
  hostilePathParts,
} from './hostile.ts';
import type { KnownThings } from './known-things.ts';
import type { Prepared } from './recipes.ts';
import type { ValueMaker } from './value-maker.ts';

/** A request, byte for byte, and what is known of it. */
export interface FuzzRequest {
  /** The operation that it was made for; it may lead elsewhere since it was spoilt. */
  readonly operation: ApiOperation;
  /** By its name among the credentials. */
  readonly credential: string;
  /** In words, what was done to it. */
  readonly deeds: readonly string[];
  /** Method and path still are the operation's. */
  readonly isForOperation: boolean;
  /** The server may close the connection rather than answer. */
  readonly mayBeCut: boolean;
  readonly method: string;
  readonly bytes: Buffer;
}

/** Credentials by name, as header lines; `none` is an empty list. */
export type Credentials = ReadonlyMap<string, readonly (readonly [string, string])[]>;

/** A request that is being made. */
interface Draft {
  method: string;
  /** As in the request line, without the query. */
  path: string;
  query: [string, string][];
  headers: [string, string][];
  credential: string;
  body: unknown;
  /** Wins over `body`. */
  text: string | undefined;
  contentType: string | undefined;
  isForOperation: boolean;
  mayBeCut: boolean;
  readonly deeds: string[];
}

type Spoiler = (draft: Draft) => void;

/** Header lines that make a server doubt where the request ends: it may close instead of answering. */
const FRAMES: readonly (readonly [string, string])[] = [
  ['transfer-encoding', 'chunked'],
  ['transfer-encoding', 'gzip, chunked'],
  ['content-length', '-1'],
  ['content-length', '1e3'],
  ['content-length', '0'],
  ['content-length', '99999999999'],
  ['host', 'evil.example:99999'],
  ['host', ''],
  ['x nospace', 'a'],
  ['x-control', 'a\u0001b'],
  ['x-lines', 'a\r\nx-injected: yes'],
  ['connection', 'upgrade\r\nupgrade: websocket\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=='],
  ['x-many', 'y\r\nx-many: '.repeat(80)],
  ['x-huge', 'z'.repeat(20_000)],
];

/** Makes requests from the document: valid ones, and valid ones with one to three things spoilt. */
export class RequestMaker {
  readonly #dice: Dice;
  readonly #known: KnownThings;
  readonly #values: ValueMaker;
  readonly #spoilers: readonly (readonly [number, Spoiler])[];

  constructor(parts: { dice: Dice; known: KnownThings; values: ValueMaker; credentials: Credentials }) {
    this.#dice = parts.dice;
    this.#known = parts.known;
    this.#values = parts.values;
    const others = [...parts.credentials.keys()].filter((name) => name !== 'administrator');
    this.#spoilers = [
      [10, (draft) => this.#spoilMembers(draft)],
      [4, (draft) => this.#spoilText(draft)],
      [2, (draft) => this.#spoilContentType(draft)],
      [5, (draft) => this.#spoilQuery(draft)],
      [3, (draft) => this.#spoilPath(draft)],
      [2, (draft) => this.#spoilMethod(draft)],
      [3, (draft) => this.#addHeader(draft)],
      [1, (draft) => this.#spoilFrame(draft)],
      [4, (draft) => this.#use(draft, this.#dice.pick(others))],
    ];
  }

  /**
   * @param prepared what makes the request succeed; undefined: values are made of the document.
   * @param plain nothing optional, nothing spoilt.
   */
  make(
    operation: ApiOperation,
    credentials: Credentials,
    { prepared, plain }: { readonly prepared: Prepared | undefined; readonly plain: boolean },
  ): FuzzRequest {
    const dice = this.#dice;
    const draft = this.#draftOf(operation, prepared ?? {}, plain);
    const spoilCount = plain
      ? 0
      : dice.weighted([
          [6, 0],
          [9, 1],
          [4, 2],
          [1, 3],
        ]);
    for (let left = spoilCount; left > 0; left--) dice.weighted(this.#spoilers)(draft);
    const headers = [...(credentials.get(draft.credential) ?? []), ...draft.headers];
    return {
      operation,
      credential: draft.credential,
      deeds: [`as ${draft.credential}`, ...draft.deeds],
      isForOperation: draft.isForOperation,
      mayBeCut: draft.mayBeCut,
      method: draft.method,
      bytes: bytesOf(draft, headers),
    };
  }

  /** A request that the operation takes, as far as the document and what was prepared tell. */
  #draftOf(operation: ApiOperation, prepared: Prepared, plain: boolean): Draft {
    const dice = this.#dice;
    const parameters = operation.parameters ?? [];
    const pairs = (
      place: 'query' | 'header',
      given: Readonly<Record<string, string>>,
    ): [string, string][] => {
      const isWanted = ({ name, required }: ApiParameter): boolean =>
        !Object.hasOwn(given, name) && (required === true || (!plain && dice.chance(0.3)));
      const made = parameters.filter((each) => each.in === place && isWanted(each));
      return [
        ...made.flatMap(({ name, schema, style, example }): [string, string][] => {
          const value = plain && example !== undefined ? example : this.#values.valid(schema, name);
          if (style !== 'deepObject') return [[name, textOf(value)]];
          const members = Object.entries(value as object);
          return members.map(([member, one]) => [`${name}[${member}]`, textOf(one)]);
        }),
        ...Object.entries(given),
      ];
    };
    const content = Object.entries(operation.requestBody?.content ?? { '': undefined });
    const [documented, media] = plain ? content[0]! : dice.pick(content);
    const contentType = (media && prepared.contentType) ?? documented;
    return {
      method: operation.method,
      path: this.#pathOf(operation, prepared, plain),
      query: pairs('query', prepared.query ?? {}),
      headers: pairs('header', prepared.headers ?? {}),
      credential: prepared.credential ?? (plain || dice.chance(0.85) ? 'administrator' : 'session'),
      body: media && (prepared.body ?? this.#bodyOf(media, plain)),
      text: undefined,
      contentType: contentType === '' ? undefined : contentType,
      isForOperation: true,
      mayBeCut: false,
      deeds: [],
    };
  }

  #pathOf({ path, parameters = [] }: ApiOperation, { params = {} }: Prepared, plain: boolean): string {
    return path.replace(/\{(\w+)\}/g, (_whole, name: string) => {
      const schema = parameters.find((each) => each.in === 'path' && each.name === name)?.schema;
      const known = plain || this.#dice.chance(0.9) ? this.#known.inPath(path, name, this.#dice) : undefined;
      const value = params[name] ?? known ?? textOf(this.#values.valid(schema, name));
      return encodeURIComponent(value.replace(/[\uD800-\uDFFF]/g, '?'));
    });
  }

  #bodyOf(media: ApiMedia, plain: boolean): unknown {
    const examples = examplesOf(media);
    const isExample = examples.length > 0 && (plain || this.#dice.chance(0.3));
    return isExample ? this.#dice.pick(examples) : this.#values.valid(media.schema, 'body');
  }

  #spoilMembers(draft: Draft): void {
    if (draft.body === undefined) return this.#spoilQuery(draft);
    draft.body = this.#values.spoilt(draft.body);
    draft.deeds.push('a member of the body');
  }

  #spoilText(draft: Draft): void {
    const valid = typeof draft.body === 'string' ? draft.body : JSON.stringify(draft.body ?? {});
    draft.text = this.#dice.pick(hostileBodies(valid));
    draft.contentType ??= 'application/json';
    // A body over the limit is not read to its end: the answer may not arrive.
    draft.mayBeCut ||= draft.text.length > 10_000;
    draft.deeds.push('the body as a whole');
  }

  #spoilContentType(draft: Draft): void {
    draft.contentType = this.#dice.chance(0.1) ? undefined : this.#dice.pick(hostileContentTypes);
    draft.deeds.push(`content-type ${draft.contentType?.slice(0, 40) ?? 'missing'}`);
  }

  #spoilQuery(draft: Draft): void {
    const dice = this.#dice;
    const text = this.#values.hostileText();
    const at = dice.int(draft.query.length);
    const [name = 'limit', value = '1'] = draft.query[at] ?? [];
    const ways: (() => void)[] = [
      () => draft.query.splice(at, 1),
      () => draft.query.push([name, value]),
      () => draft.query.push([dice.pick(['__proto__', 'constructor', 'x[y]', 'x[]', '', 'unknown']), text]),
      () => draft.query.splice(at, 1, [name, text]),
      () => draft.query.splice(at, 1, [name, textOf(this.#values.hostile())]),
      () => draft.query.splice(at, 1, [`${name}[]`, value]),
      () => draft.query.push(...Array.from({ length: 600 }, (): [string, string] => ['q', '1'])),
    ];
    dice.pick(ways)();
    draft.deeds.push('the query');
  }

  #spoilPath(draft: Draft): void {
    const dice = this.#dice;
    const parts = draft.path.split('/');
    const at = 1 + dice.int(parts.length - 1);
    const part = dice.pick(hostilePathParts);
    const way = dice.int(5);
    if (way === 0) parts.splice(at, 1);
    else if (way === 1) parts.splice(at, 0, part);
    else if (way === 2) parts[at] = parts[at]?.toUpperCase() ?? '';
    else parts.splice(at, 1, part);
    draft.path = parts.join('/') || '/';
    draft.isForOperation = false;
    draft.deeds.push('the path');
  }

  #spoilMethod(draft: Draft): void {
    draft.method = this.#dice.pick(hostileMethods);
    draft.isForOperation = false;
    // RFC 9110 §9.3.6: CONNECT is answered by a tunnel or not at all; "get" is no method of HTTP.
    draft.mayBeCut ||= draft.method === 'CONNECT';
    draft.deeds.push('the method');
  }

  #addHeader(draft: Draft): void {
    const [name, value] = this.#dice.pick(hostileHeaders);
    draft.headers.push([name, value]);
    draft.deeds.push(`header ${name}`);
  }

  #spoilFrame(draft: Draft): void {
    const [name, value] = this.#dice.pick(FRAMES);
    draft.headers.push([name, value]);
    // A body that ends: one that never comes would be waited for.
    draft.text ??= '{}';
    draft.mayBeCut = true;
    draft.isForOperation = false;
    draft.deeds.push(`frame ${name}`);
  }

  #use(draft: Draft, credential: string): void {
    draft.credential = credential;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function bytesOf(draft: Draft, headers: readonly (readonly [string, string])[]): Buffer {
  const { method, contentType, query } = draft;
  const search = query.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&');
  const target = search === '' ? draft.path : `${draft.path}?${search}`;
  const body = Buffer.from(bodyText(draft) ?? '', 'utf8');
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  if (contentType !== undefined) lines.push(`content-type: ${contentType}`);
  if (body.length > 0 || method !== 'GET') lines.push(`content-length: ${body.length}`);
  const head = `${method} ${target} HTTP/1.1\r\nhost: 127.0.0.1\r\n${lines.join('\r\n')}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

function bodyText({ text, body, contentType }: Draft): string | undefined {
  if (text !== undefined) return text;
  if (body === undefined) return undefined;
  if (typeof body === 'string' && !contentType?.startsWith('application/json')) return body;
  if (contentType === 'application/x-www-form-urlencoded' && typeof body === 'object' && body !== null) {
    return Object.entries(body)
      .map(([name, value]) => `${encoded(name)}=${encoded(textOf(value))}`)
      .join('&');
  }
  return JSON.stringify(body);
}

/** As encodeURIComponent, for lone surrogates, too: they go as bytes that are no UTF-8. */
function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return [...Buffer.from(text, 'utf16le')].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  }
}
