import type { EventHeaders } from './event-format.ts';

const FILTERS_MAX = 256;
const NAMES_MAX = 512;
/** Headers whose values name one thing: a connection that filters on these alone is found by index. */
const INDEXED_HEADERS = ['Unique-ID', 'Conference-Unique-ID', 'Job-UUID'] as const;

/** Which events one connection wants: names, subclasses of CUSTOM, filters (mod_event_socket). */
export class EventSubscription {
  readonly #names = new Set<string>();
  readonly #subclasses = new Set<string>();
  readonly #filters: { readonly name: string; readonly value: string }[] = [];
  format: 'json' | 'plain' = 'plain';
  #isAll = false;

  /** `event plain A B CUSTOM x::y`; `SWITCH_EVENT_` in front of a name is accepted as FreeSWITCH does. */
  add(names: readonly string[]): void {
    let isCustom = false;
    for (const raw of names) {
      if (this.#names.size + this.#subclasses.size >= NAMES_MAX) return;
      const name = raw.replace(/^SWITCH_EVENT_/i, '');
      if (isCustom) this.#subclasses.add(name);
      else if (name.toUpperCase() === 'ALL') this.#isAll = true;
      else this.#names.add(name.toUpperCase());
      if (name.toUpperCase() === 'CUSTOM') isCustom = true;
    }
  }

  remove(names: readonly string[]): void {
    for (const name of names) {
      this.#names.delete(name.replace(/^SWITCH_EVENT_/i, '').toUpperCase());
      this.#subclasses.delete(name);
    }
  }

  clear(): void {
    this.#names.clear();
    this.#subclasses.clear();
    this.#isAll = false;
  }

  /** @returns false when there are too many. */
  addFilter(name: string, value: string): boolean {
    if (this.#filters.length >= FILTERS_MAX) return false;
    this.#filters.push({ name, value });
    return true;
  }

  /** `all` removes every filter; without a value every filter on that header. */
  removeFilter(name: string, value: string | undefined): void {
    const kept = this.#filters.filter(
      (filter) => name !== 'all' && (filter.name !== name || (value !== undefined && filter.value !== value)),
    );
    this.#filters.splice(0, this.#filters.length, ...kept);
  }

  /** The values under which the connection is found; undefined when it must be asked about every event. */
  get indexKeys(): string[] | undefined {
    if (this.#filters.length === 0) return undefined;
    const isIndexed = this.#filters.every(({ name }) => INDEXED_HEADERS.some((known) => known === name));
    return isIndexed ? this.#filters.map(({ value }) => value) : undefined;
  }

  /** True when the event is wanted: its name is subscribed to and, when there are filters, one matches. */
  wants(headers: EventHeaders): boolean {
    if (!this.isNamed(headers['Event-Name'] ?? '', headers['Event-Subclass'])) return false;
    if (this.#filters.length === 0) return true;
    return this.#filters.some(({ name, value }) => headers[name]?.includes(value) ?? false);
  }

  /** True when events of this name, or this subclass of CUSTOM, are subscribed to. */
  isNamed(name: string, subclass = ''): boolean {
    if (this.#isAll) return true;
    return name === 'CUSTOM' ? this.#subclasses.has(subclass) : this.#names.has(name);
  }
}

/** The values of an event by which indexed connections are found. */
export function indexKeysOf(headers: EventHeaders): string[] {
  return INDEXED_HEADERS.map((name) => headers[name]).filter((value) => value !== undefined);
}
