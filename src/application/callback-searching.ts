import { type CallbackSearch, type FoundCallbacks, isFound } from '../callback/callback-search.ts';
import type { CallbackTx, UnitOfWork } from '../callback/callback-store.ts';
import type { Callback } from '../callback/callback.ts';

/** Turns at the store for one search: bounds its work. Between two of them calls have theirs. */
const TURNS_MAX = 10;

/** What the search looks for, `limit` at most; the next page goes on at `next`, until that is null. */
export async function searchCallbacks(
  unitOfWork: UnitOfWork<Pick<CallbackTx, 'searchCallbacks'>>,
  search: CallbackSearch,
): Promise<FoundCallbacks> {
  const items: Callback[] = [];
  let rest = search;
  for (let turn = 1; ; turn++) {
    const wanted = { ...rest, limit: search.limit - items.length };
    const found = await unitOfWork.transact((tx) => tx.searchCallbacks(wanted), 'patient');
    // An index may have more than it should: what it says is looked at once more.
    items.push(...found.items.filter((callback) => isFound(callback, search)));
    const { next } = found;
    if (next === null || items.length >= search.limit || turn === TURNS_MAX) return { items, next };
    rest = { ...search, after: next };
  }
}
