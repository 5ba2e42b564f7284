/** What one turn at a long list found. */
export interface Turn<Item> {
  readonly items: readonly Item[];
  /** Below which id the next turn goes on; undefined: nothing is left. */
  readonly next: string | undefined;
}

/**
 * Turn after turn until there are `limit` items or nothing is left. Each is short, and between two of them
 * others have theirs: of a million entries a few may be wanted.
 */
export async function inTurns<Item>(
  limit: number,
  turn: (limit: number, below: string | undefined) => Promise<Turn<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  for (let below: string | undefined; ;) {
    const found = await turn(limit - items.length, below);
    items.push(...found.items);
    if (items.length >= limit || found.next === undefined) return items;
    below = found.next;
  }
}
