import type { Application } from '../../../application/application.ts';
import type { CallbackFilter } from '../../../callback/callback-store.ts';
import type { Callback } from '../../../callback/callback.ts';
import type { CallbackId } from '../../../kernel/ids.ts';

/** Records read from the store at a time; between two readings calls have their turn. */
const PAGE_ROWS = 500;
/** Records looked at for one request; the cursor tells where the next one goes on. */
const SCANNED_MAX = 5000;

/** What was found, and where a further search goes on; null: nothing is left. */
export interface CallbackPage {
  readonly items: readonly Callback[];
  readonly nextCursor: CallbackId | null;
}

/**
 * Callbacks that the filter selects and `matches` takes, newest first, `limit` at most. What no index knows
 * is asked of the records themselves, and only of so many a request: a page may be short, or empty, and still
 * have a cursor.
 */
export async function scanCallbacks(
  application: Pick<Application, 'listCallbacks'>,
  filter: Omit<CallbackFilter, 'limit'>,
  limit: number,
  matches: (callback: Callback) => boolean,
): Promise<CallbackPage> {
  const items: Callback[] = [];
  let afterId = filter.afterId;
  // Where everything is taken the first reading is the page, and shows whether something is left.
  let pageRows = Math.min(limit + 1, PAGE_ROWS);
  for (let scanned = 0; scanned < SCANNED_MAX; scanned += pageRows, pageRows = PAGE_ROWS) {
    const rows = await application.listCallbacks({
      ...filter,
      limit: pageRows,
      ...(afterId !== undefined && { afterId }),
    });
    for (const [index, callback] of rows.entries()) {
      if (matches(callback)) items.push(callback);
      const isLast = index === rows.length - 1 && rows.length < pageRows;
      if (items.length === limit) return { items, nextCursor: isLast ? null : callback.id };
      afterId = callback.id;
    }
    if (rows.length < pageRows) return { items, nextCursor: null };
  }
  return { items, nextCursor: afterId ?? null };
}
