import { type JsonSchema, schemaFaults } from './json-schema.ts';

/** A parameter of an operation. */
export interface ApiParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: JsonSchema;
  readonly description?: string;
  readonly example?: unknown;
  readonly style?: string;
  readonly explode?: boolean;
}

/** A body in one media type. */
export interface ApiMedia {
  readonly schema?: JsonSchema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

/** What an operation may answer with a status. */
export interface ApiResponse {
  readonly description: string;
  readonly content?: Readonly<Record<string, ApiMedia>>;
}

interface RawOperation {
  readonly operationId?: string;
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly ApiParameter[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, ApiMedia>>;
  };
  readonly responses: Readonly<Record<string, ApiResponse | { readonly $ref: string }>>;
}

/** The OpenAPI document as it is served. */
export interface ApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags?: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses?: Readonly<Record<string, ApiResponse>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
  };
}

/** One operation with where it is; its answers with references followed. */
export interface ApiOperation extends RawOperation {
  readonly method: string;
  /** As in the document: `/api/v1/callbacks/{id}`. */
  readonly path: string;
  readonly responses: Readonly<Record<string, ApiResponse>>;
}

/** Every operation of the document, in its order. */
export function operationsOf(document: ApiDocument): ApiOperation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => ({
      ...raw,
      method: method.toUpperCase(),
      path,
      responses: Object.fromEntries(
        Object.entries(raw.responses).map(([status, answer]) => [status, responseOf(document, answer)]),
      ),
    })),
  );
}

function responseOf(document: ApiDocument, answer: ApiResponse | { readonly $ref: string }): ApiResponse {
  if (!('$ref' in answer)) return answer;
  const found = document.components.responses?.[answer.$ref.replace('#/components/responses/', '')];
  if (!found) throw new Error(`${answer.$ref} leads nowhere`);
  return found;
}

/** The examples of a body, whichever way they are written. */
export function examplesOf(media: ApiMedia | undefined): unknown[] {
  const own = media?.example === undefined ? [] : [media.example];
  return [...own, ...Object.values(media?.examples ?? {}).map(({ value }) => value)];
}

/** An answer as far as its conformity goes. */
export interface AnswerShape {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly text: string;
}

/**
 * What in an answer is not as documented: the status, the media type or the body; empty when it conforms. An
 * empty body conforms where the schema takes an empty object: `{}` and nothing say the same.
 */
export function answerFaults(operation: ApiOperation, answer: AnswerShape, document: ApiDocument): string[] {
  const { status, contentType = '', text } = answer;
  const documented = operation.responses[String(status)] ?? operation.responses['default'];
  if (!documented || (status < 400 && !Object.hasOwn(operation.responses, String(status)))) {
    return [`${status} is not documented`];
  }
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const content = documented.content ?? {};
  if (Object.keys(content).length === 0) return text === '' ? [] : [`${status} has a body: ${text}`];
  const media = content[type];
  if (text === '' && type === '') {
    const schema = content['application/json']?.schema;
    return schema !== undefined && schemaFaults(schema, {}, document).length === 0
      ? []
      : [`${status} has no body`];
  }
  if (!media) return [`${status} comes as "${contentType}", not ${Object.keys(content).join(' or ')}`];
  if (media.schema === undefined) return [];
  if (type !== 'application/json') return [];
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return [`${status} is not valid JSON: ${text.slice(0, 200)}`];
  }
  return schemaFaults(media.schema, body, document);
}
