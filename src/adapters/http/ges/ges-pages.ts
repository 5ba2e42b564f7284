import { z } from 'zod';
import { type CallbackSearch, isByDesiredTime, type SearchPlace } from '../../../callback/callback-search.ts';
import { queueBound } from '../queue-access.ts';

const RULE = 'must be the nextCursor of the page before';

/** A page's `nextCursor`, as the place that the next page goes on behind. */
export const cursor = z
  .string({ error: RULE })
  .regex(/^(?:-?\d{1,16}\.)?[\w-]{1,128}$/, RULE)
  .transform((text): SearchPlace & { readonly hasTime: boolean } => {
    const [, time, id = ''] = /^(?:(-?\d+)\.)?(.*)$/.exec(text) ?? [];
    return { id, desiredAtMs: Number(time ?? 0), hasTime: time !== undefined };
  })
  .describe('`nextCursor` of the page before');

/** The place as a cursor of this search; null: nothing is left. */
export function cursorOf(search: CallbackSearch, next: SearchPlace | null): string | null {
  if (next === null) return null;
  return isByDesiredTime(search) ? `${next.desiredAtMs}.${next.id}` : next.id;
}

/** The queues to search: the one asked for, else all that may be read; undefined: all there are. */
export function searchedQueues(
  application: Parameters<typeof queueBound>[0],
  rights: Parameters<typeof queueBound>[1],
  asked: string | undefined,
): readonly string[] | undefined {
  return queueBound(application, rights, asked) ?? (asked === undefined ? undefined : [asked]);
}
