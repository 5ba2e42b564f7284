import { z } from 'zod';
import { errorAnswers } from './api-schemas.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import { principalOf } from './request-guard.ts';

const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml'];
const booleanText = z.enum(['true', 'false']).transform((text) => text === 'true');

/**
 * GET /config (export) and POST /config (apply) as YAML; registered in a scope of its own because it takes
 * YAML bodies.
 */
export function addConfigRoutes(server: Server, context: RouteContext): void {
  server.addContentTypeParser(YAML_TYPES, { parseAs: 'string' }, (_request, body, done) => {
    done(null, body);
  });
  addExport(server, context);
  addApplication(server, context);
}

const tags = ['Configuration'];

function addExport(server: Server, { provisioning }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/config',
    config: { access: 'configure' },
    schema: {
      tags,
      summary: 'Export the configuration in force',
      description:
        'One YAML document that `turnkeeper apply` and POST /config take back. Secrets are sealed.',
      response: {
        200: {
          description: 'The YAML document',
          content: { 'application/yaml': { schema: z.string() } },
        },
        ...errorAnswers,
      },
    },
    handler: async (_request, reply) => {
      const text = await provisioning.export();
      return await reply
        .header('content-type', 'application/yaml; charset=utf-8')
        .serializer((body: unknown) => String(body))
        .send(text);
    },
  });
}

function addApplication(server: Server, { auditLog, provisioning }: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/config',
    config: { access: 'configure', audit: 'none' },
    schema: {
      tags,
      summary: 'Apply a configuration document',
      description: 'All or nothing: every fault is listed with its place, and then nothing is changed.',
      consumes: ['application/yaml'],
      querystring: z.strictObject({
        dryRun: booleanText.optional().describe('Only check and say what would change'),
        fileName: z
          .string()
          .regex(/^[\w.-]{1,128}$/, 'must be 1–128 of letters, digits, ".", "_", "-"')
          .optional()
          .describe('Shown in faults and in the history'),
      }),
      body: z.string().min(1),
      response: {
        200: z.object({ version: z.int(), dryRun: z.boolean(), diff: z.unknown() }),
        ...errorAnswers,
      },
    },
    handler: async (request) => {
      const { dryRun = false, fileName = 'api.yaml' } = request.query;
      const { actor } = principalOf(request);
      const outcome = await provisioning.apply(request.body, fileName, actor, { dryRun });
      if (outcome.kind === 'refused') {
        throw new HttpError('CONFIG_REFUSED', 'the configuration has faults; nothing was changed', {
          faults: outcome.faults,
        });
      }
      const { version, diff = null } = outcome;
      // What has changed, without secrets: the document itself is full of them.
      const deed = {
        action: 'config.applied',
        target: `config:${version}`,
        after: { fileName, version, diff },
      };
      if (!dryRun) await auditLog.record(request, deed);
      return { version, dryRun, diff };
    },
  });
}
