import type { CallbackId } from '../kernel/ids.ts';
import type { Callback, CallbackReason, CallbackState } from './callback.ts';

/**
 * Of what a callback is found by beside its own columns, so many count; bounds what a creation writes. The
 * first ones, in the order in which they were given.
 */
export const SEARCHABLE_MAX = 32;

/**
 * Something that does not change by itself and that callbacks are found by. `data`: one of the customer data;
 * `endUser` and `inboundQueue`: those of the booking's details.
 */
export type CallbackProperty =
  | { readonly kind: 'data'; readonly name: string; readonly value: string }
  | { readonly kind: 'endUser' | 'inboundQueue'; readonly value: string };

/** Where in the order of a search a callback stands. */
export interface SearchPlace {
  readonly id: CallbackId;
  readonly desiredAtMs: number;
}

/** What must hold of a callback, all of it; every limit is inclusive. */
export interface CallbackSearch {
  readonly states?: readonly CallbackState[];
  /** Of these queues only; none of them: nothing is found. */
  readonly virtualQueues?: readonly string[];
  readonly customerNumber?: string;
  readonly reasons?: readonly CallbackReason[];
  readonly properties?: readonly CallbackProperty[];
  readonly createdFromMs?: number;
  readonly createdToMs?: number;
  /** With either of them the latest desired time is first, else the newest callback. */
  readonly desiredFromMs?: number;
  readonly desiredToMs?: number;
  /** Go on behind this place. */
  readonly after?: SearchPlace;
  /** 1–1000. */
  readonly limit: number;
}

/** What was found, and where a further search goes on; null: nothing is left. */
export interface FoundCallbacks {
  /** Fewer than asked for, or none, when so many had to be looked at that the rest is another search's. */
  readonly items: readonly Callback[];
  readonly next: SearchPlace | null;
}

/** True when the order of the search is that of the desired times. */
export function isByDesiredTime({ desiredFromMs, desiredToMs }: CallbackSearch): boolean {
  return desiredFromMs !== undefined || desiredToMs !== undefined;
}

/** True when all that is searched for holds, whatever the place. */
export function isFound(callback: Callback, search: CallbackSearch): boolean {
  const { states, virtualQueues, customerNumber, reasons, properties = [] } = search;
  const { desiredFromMs = -Infinity, desiredToMs = Infinity } = search;
  const { createdFromMs = -Infinity, createdToMs = Infinity } = search;
  const { createdAtMs, desiredAtMs, reason } = callback;
  return (
    (states?.includes(callback.state) ?? true) &&
    (virtualQueues?.includes(callback.virtualQueue) ?? true) &&
    callback.customerNumber === (customerNumber ?? callback.customerNumber) &&
    (reasons === undefined || (reason !== null && reasons.includes(reason))) &&
    desiredAtMs >= desiredFromMs &&
    desiredAtMs <= desiredToMs &&
    createdAtMs >= createdFromMs &&
    createdAtMs <= createdToMs &&
    properties.every((property) => valueOf(callback, property) === property.value)
  );
}

function valueOf({ userData, details }: Callback, property: CallbackProperty): string | undefined {
  if (property.kind !== 'data') return details[property.kind];
  return Object.hasOwn(userData, property.name) ? userData[property.name] : undefined;
}

/** What a callback is found by, {@link SEARCHABLE_MAX} at most. */
export function propertiesOf({
  userData,
  details: { endUser, inboundQueue },
}: Pick<Callback, 'userData' | 'details'>): CallbackProperty[] {
  const properties: CallbackProperty[] = [
    ...(endUser === undefined ? [] : [{ kind: 'endUser' as const, value: endUser }]),
    ...(inboundQueue === undefined ? [] : [{ kind: 'inboundQueue' as const, value: inboundQueue }]),
  ];
  for (const [name, value] of Object.entries(userData)) {
    if (properties.length >= SEARCHABLE_MAX) break;
    properties.push({ kind: 'data', name, value });
  }
  return properties;
}

/** Which of two found callbacks comes first; for `sort`. */
export function searchOrder(search: CallbackSearch): (a: SearchPlace, b: SearchPlace) => number {
  const byId = (a: SearchPlace, b: SearchPlace): number => (a.id === b.id ? 0 : a.id < b.id ? 1 : -1);
  if (!isByDesiredTime(search)) return byId;
  return (a, b) => b.desiredAtMs - a.desiredAtMs || byId(a, b);
}
