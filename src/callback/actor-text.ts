import type { Actor } from './callback.ts';

/** `user:anna`, `agent:1001`, `customer`: how an actor reads in a line of a list or a history. */
export function actorText(actor: Actor): string {
  if (actor.kind === 'customer') return 'customer';
  return `${actor.kind}:${actor.kind === 'system' ? actor.part : actor.id}`;
}

/** How {@link actorText} can read. */
export const actorTextPattern = /^(?:(?:api-key|user|agent|system):[\w.@-]{1,128}|customer)$/;

/** The actor that reads like this, which must fit {@link actorTextPattern}. */
export function actorOf(text: string): Actor {
  const colon = text.indexOf(':');
  if (colon < 0) return { kind: 'customer' };
  const kind = text.slice(0, colon) as 'api-key' | 'user' | 'agent' | 'system';
  const id = text.slice(colon + 1);
  return kind === 'system' ? { kind, part: id } : { kind, id };
}
