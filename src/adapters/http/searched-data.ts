import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

/** Different data that one question may name; each is looked for by itself. */
const NAMES_MAX = 20;
/** As a creation takes them. */
const NAME_CHARACTERS_MAX = 64;
const VALUE_CHARACTERS_MAX = 4096;
const PLACE = /^userData\[(.*)\]$/su;

/** Customer data in a query: `userData[orderNumber]=A-1047`, OpenAPI's `deepObject`. */
export const searchedDataSchema = z
  .record(
    z.string(),
    z
      .string({ error: 'must stand once' })
      .max(VALUE_CHARACTERS_MAX, `must have at most ${VALUE_CHARACTERS_MAX} characters`),
    { error: 'must be told as userData[<name>]=<value>' },
  )
  .superRefine((data, context) => {
    const names = Object.keys(data);
    if (names.length > NAMES_MAX) {
      context.addIssue({ code: 'custom', message: `must name at most ${NAMES_MAX} data` });
    }
    if (names.some((name) => name === '' || name.length > NAME_CHARACTERS_MAX)) {
      const message = `names of data must have 1–${NAME_CHARACTERS_MAX} characters`;
      context.addIssue({ code: 'custom', message });
    }
  })
  .describe(
    'Customer data that the callback must have, each with exactly this value: `userData[orderNumber]=A-1047`, ' +
      `at most ${NAMES_MAX} names; needs a role that sees numbers`,
  )
  .meta({ style: 'deepObject', explode: true, examples: [{ orderNumber: 'A-1047' }] });

/**
 * For `preValidation` of a route with {@link searchedDataSchema} as `userData`: gathers what the query has in
 * parts. Parts that cannot be the name of any data stay, and are refused as unknown.
 */
export async function gatherSearchedData(request: FastifyRequest): Promise<void> {
  const parts = Object.entries(request.query as Record<string, unknown>);
  const nameOf = (key: string): string | undefined => PLACE.exec(key)?.[1];
  const isData = ([key]: [string, unknown]): boolean => !['__proto__', undefined].includes(nameOf(key));
  if (!parts.some(isData)) return;
  const data = parts.filter(isData).map(([key, value]) => [nameOf(key), value] as const);
  request.query = {
    userData: Object.fromEntries(data),
    ...Object.fromEntries(parts.filter((part) => !isData(part))),
  };
}
