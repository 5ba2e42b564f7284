import type { CallbackTx } from '../../callback/callback-store.ts';
import type { Callback } from '../../callback/callback.ts';
import type { Case, CaseSubject } from '../../disposition/case.ts';

/** What a case keeps of a plain inbound call. */
export type CallFacts = Pick<CaseSubject, 'virtualQueue' | 'customerNumber'>;

/** What the case is about, as it is known when an agent gets it. */
export async function subjectOf(
  tx: CallbackTx,
  id: string,
  call: CallFacts | undefined,
): Promise<CaseSubject | undefined> {
  if (call) return { id, kind: 'call', ...call, customerData: {} };
  const callback = await tx.findCallback(id);
  if (!callback) return undefined;
  const { virtualQueue, customerNumber, userData: customerData } = callback;
  return { id, kind: 'callback', virtualQueue, customerNumber, customerData };
}

/** The callback of a case; undefined: it is of a call, or kept no longer. */
export function callbackOf(tx: CallbackTx, { kind, id }: Case): Promise<Callback | undefined> {
  return kind === 'callback' ? tx.findCallback(id) : Promise.resolve(undefined);
}
