import type { ApiDocument, ApiMedia, ApiOperation, ApiParameter } from './api-document.ts';
import { EXAMPLE_ID_TAIL, EXAMPLE_QUEUE } from './api-examples.ts';

const SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';

/** What examples name that is another thing on every server, and the variable that stands for it. */
const variableByExample: readonly (readonly [string, string])[] = [
  [EXAMPLE_QUEUE, 'queue'],
  ...['callback', 'callin', 'key', 'notification', 'recording', 'storage', 'invitation', 'corr'].map(
    (kind) => [`${kind}_${EXAMPLE_ID_TAIL}`, `${kind}Id`] as const,
  ),
];

/**
 * Run by Postman after every request: the first id of each kind in an answer becomes that of the next
 * requests, and the correlation id of an error.
 */
const REMEMBER_IDS = `const isError = pm.response.code >= 400;
const told = isError ? pm.response.headers.get('x-correlation-id') : pm.response.text();
const ids = /\\b(callback|callin|key|notification|recording|storage|invitation|corr)_[0-9a-z]{8,40}\\b/g;
const seen = new Set(isError ? [] : ['corr']);
for (const [id, kind] of String(told).matchAll(ids)) {
  if (!seen.has(kind)) pm.collectionVariables.set(kind + 'Id', id);
  seen.add(kind);
}`;

/** A request in the collection. */
interface PostmanItem {
  readonly name: string;
  readonly request: object;
  readonly response: readonly object[];
}

/**
 * The operations of an OpenAPI document as a Postman collection, format 2.1: a folder for every tag, example
 * bodies and answers, and variables: `baseUrl`, `apiKey`, `queue`, and the ids of what was answered last
 * (`callbackId` …). The same document gives the same collection.
 * @param baseUrl what `baseUrl` is set to, without a slash at its end.
 */
export function postmanCollection(document: ApiDocument, baseUrl: string): object {
  const folders = new Map<string, PostmanItem[]>();
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags?.[0] ?? 'Other';
      folders.set(tag, [...(folders.get(tag) ?? []), itemOf(method, path, operation)]);
    }
  }
  const { title, version, description = '' } = document.info;
  return {
    info: {
      name: `${title} ${version}`,
      description:
        `${description}\n\nSet the variables \`apiKey\` and \`queue\` to a key and a queue of yours. What ` +
        'a request makes is what the next ones name: its id is remembered.',
      schema: SCHEMA,
    },
    auth: {
      type: 'apikey',
      apikey: [
        { key: 'key', value: 'x-api-key', type: 'string' },
        { key: 'value', value: '{{apiKey}}', type: 'string' },
        { key: 'in', value: 'header', type: 'string' },
      ],
    },
    variable: [
      { key: 'baseUrl', value: baseUrl, type: 'string' },
      { key: 'apiKey', value: '', type: 'string' },
      ...variableByExample.map(([value, key]) => ({ key, value, type: 'string' })),
    ],
    event: [{ listen: 'test', script: { type: 'text/javascript', exec: REMEMBER_IDS.split('\n') } }],
    item: [...folders].map(([name, item]) => ({ name, item })),
  };
}

function itemOf(method: string, path: string, operation: ApiOperation): PostmanItem {
  const request = requestOf(method, path, operation);
  return {
    name: operation.summary ?? `${method.toUpperCase()} ${path}`,
    request,
    response: Object.entries(operation.responses).flatMap(([status, { description = '', content = {} }]) => {
      const [type = '', media] = Object.entries(content)[0] ?? [];
      const example = exampleOf(media);
      if (!/^[1-5]\d\d$/.test(status) || example === undefined) return [];
      return [
        {
          name: description === 'Default Response' ? status : description,
          originalRequest: request,
          code: Number(status),
          header: [{ key: 'content-type', value: type }],
          body: bodyText(example),
          _postman_previewlanguage: languageOf(type),
        },
      ];
    }),
  };
}

function requestOf(method: string, path: string, operation: ApiOperation): object {
  const { parameters = [], requestBody, security = [], description, operationId } = operation;
  const [type, media] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const within = (place: string): ApiParameter[] => parameters.filter((each) => each.in === place);
  return {
    method: method.toUpperCase(),
    description: [description, `Operation: ${operationId}`].filter(Boolean).join('\n\n'),
    header: [
      ...(type === undefined ? [] : [{ key: 'content-type', value: type }]),
      ...within('header').map(pairOf),
    ],
    url: urlOf(path, within('path'), within('query')),
    ...(security.length === 0 ? { auth: { type: 'noauth' } } : {}),
    ...(media === undefined ? {} : { body: bodyOf(type ?? '', media) }),
  };
}

/** Postman writes variable parts as `:name` and keeps their values beside the address. */
function urlOf(path: string, inPath: readonly ApiParameter[], inQuery: readonly ApiParameter[]): object {
  const parts = path.slice(1).replace(/\{(\w+)\}/g, ':$1');
  const needed = inQuery.filter(({ required }) => required === true);
  const search = needed.map(({ name, example }) => `${name}=${withVariables(textOf(example))}`).join('&');
  return {
    raw: `{{baseUrl}}/${parts}${search === '' ? '' : `?${search}`}`,
    host: ['{{baseUrl}}'],
    path: parts.split('/'),
    ...(inQuery.length === 0 ? {} : { query: inQuery.flatMap(partsOf).map(pairOf) }),
    ...(inPath.length === 0
      ? {}
      : {
          variable: inPath.map(({ name, example, description }) => ({
            key: name,
            value: withVariables(textOf(example)),
            ...(description === undefined ? {} : { description }),
          })),
        }),
  };
}

/** A parameter of members is a part for each in a query. */
function partsOf(parameter: ApiParameter): ApiParameter[] {
  const { name, style, example } = parameter;
  if (style !== 'deepObject') return [parameter];
  const members = Object.entries((example ?? {}) as Readonly<Record<string, unknown>>);
  return members.map(([member, value]) => ({ ...parameter, name: `${name}[${member}]`, example: value }));
}

/** A parameter or header; what may be left out is there and switched off. */
function pairOf({ name, required, description, example, schema }: ApiParameter): object {
  return {
    key: name,
    value: withVariables(textOf(example ?? schema.default)),
    ...(description === undefined ? {} : { description }),
    ...(required === true ? {} : { disabled: true }),
  };
}

function bodyOf(type: string, media: ApiMedia): object {
  const example = exampleOf(media);
  return {
    mode: 'raw',
    raw: example === undefined ? '' : withVariables(bodyText(example)),
    options: { raw: { language: languageOf(type) } },
  };
}

function withVariables(text: string): string {
  return variableByExample.reduce(
    (said, [example, name]) => said.replace(new RegExp(`\\b${example}\\b(?!-)`, 'g'), `{{${name}}}`),
    text,
  );
}

function exampleOf(media: ApiMedia | undefined): unknown {
  return media?.example ?? Object.values(media?.examples ?? {})[0]?.value;
}

function bodyText(example: unknown): string {
  return typeof example === 'string' ? example : JSON.stringify(example, null, 2);
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function languageOf(type: string): string {
  return type.includes('json') ? 'json' : 'text';
}
