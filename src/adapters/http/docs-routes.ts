import swagger from '@fastify/swagger';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isFamily, rolesByFamily, rolesByPermission, type RouteAccess } from './access-rules.ts';
import { type ApiDocument, completeDocument } from './api-document.ts';
import { docsHtml } from './docs-html.ts';
import { docsScript } from './docs-script.ts';
import { docsStyle } from './docs-style.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { postmanCollection } from './postman-collection.ts';
import { cookieName, SESSION_COOKIE } from './session-cookie.ts';

const DESCRIPTION = `Turnkeeper keeps a caller's place in line and calls them back.

Instants are ISO 8601 in UTC; durations are seconds and their names end in \`Sec\`.
Unknown fields are refused. Every answer carries \`x-correlation-id\`.
Errors below \`/api/v1\` are \`{error: {code, message, correlationId, faults}}\`, codes in docs/errors.md;
those of the Genesys-compatible APIs are told in docs/genesys-compatibility.md.

Send an API key as \`x-api-key\`, or a key or a session token as \`Authorization: Bearer …\`.`;

/** Collects the OpenAPI 3.1 document from the routes' zod schemas. */
export function addOpenApi(server: Server, { config }: RouteContext): void {
  const sessionCookieName = cookieName(SESSION_COOKIE, config.secureCookies);
  server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Turnkeeper', version: config.version, description: DESCRIPTION },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'API key `tk_…` or session token `ts_…`' },
          apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
          basic: { type: 'http', scheme: 'basic', description: 'API key as the password; any user name' },
          cookie: { type: 'apiKey', in: 'cookie', name: sessionCookieName },
        },
      },
    },
    transform: (input) => {
      const { schema, url } = jsonSchemaTransform(input);
      const { access, staffOnly } = input.route.config ?? {};
      return { schema: { ...schema, ...securityOf(access, staffOnly) }, url };
    },
    transformObject: (input) => completeDocument(withoutUnused(jsonSchemaTransformObject(input))),
  });
}

/** `x-` members are copied into the operation as they are. */
function securityOf(access: RouteAccess | 'public' | undefined, staffOnly = false): object {
  if (access === undefined || access === 'public') return { security: [] };
  if (isFamily(access)) {
    const security = [{ apiKey: [] }, ...(access === 'gms' ? [{ basic: [] }] : [])];
    const narrower = staffOnly ? {} : { 'x-scope-narrower': `${access}:customers` };
    return { security, 'x-roles': rolesByFamily[access], 'x-scope': access, ...narrower };
  }
  const security = [{ bearer: [] }, { apiKey: [] }, { cookie: [] }];
  return { security, 'x-roles': rolesByPermission[access], 'x-scope': `native:${access}` };
}

type OpenApiDocument = ReturnType<typeof jsonSchemaTransformObject>;

/**
 * zod's registry gives every named schema twice, as input and output: what no route refers to is left out.
 */
function withoutUnused(document: OpenApiDocument): OpenApiDocument {
  const { components, paths } = document as {
    components?: { schemas?: Record<string, unknown> };
    paths?: unknown;
  };
  const schemas = components?.schemas ?? {};
  const used = new Set<string>();
  const visit = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part ?? null).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      visit(schemas[name]);
    }
  };
  visit(paths);
  const kept = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
  return { ...document, components: { ...components, schemas: kept } } as OpenApiDocument;
}

/**
 * /api/openapi.json, the page that shows it, and the Postman collection made from it; the page is ours and
 * works without a network.
 */
export function addDocsRoutes(server: Server): void {
  const files = [
    { url: '/api/docs', type: 'text/html', text: docsHtml },
    { url: '/api/docs/docs.js', type: 'text/javascript', text: docsScript },
    { url: '/api/docs/docs.css', type: 'text/css', text: docsStyle },
  ];
  for (const { url, type, text } of files) {
    server.route({
      method: 'GET',
      url,
      config: { access: 'public' },
      schema: { hide: true, response: { 200: z.string() } },
      handler: async (_request, reply) =>
        await reply
          .header('content-type', `${type}; charset=utf-8`)
          .serializer((body: unknown) => String(body))
          .send(text),
    });
  }
  server.route({
    method: 'GET',
    url: '/api/openapi.json',
    config: { access: 'public' },
    schema: { hide: true },
    handler: () => server.swagger(),
  });
  server.route({
    method: 'GET',
    url: '/api/postman.json',
    config: { access: 'public' },
    schema: { hide: true },
    handler: (request) =>
      postmanCollection(server.swagger() as unknown as ApiDocument, `${request.protocol}://${request.host}`),
  });
}
