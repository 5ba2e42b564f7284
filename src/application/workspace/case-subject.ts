import type { CallbackTx } from '../../callback/callback-store.ts';
import type { Callback } from '../../callback/callback.ts';
import type { Case, CaseSubject, CaseTx } from '../../disposition/case.ts';

/** What a case keeps of a plain inbound call. */
export interface CallFacts extends Pick<CaseSubject, 'virtualQueue' | 'customerNumber'> {
  /** The callback or call from which an agent transferred the customer to a queue; default: none. */
  readonly from?: string;
}

type Tx = CallbackTx & { readonly cases: CaseTx };

/** Where the case of a customer who was transferred to a queue keeps the case before it. */
const FROM_KEY = '_transferredFrom';

/** What the case is about, as it is known when an agent gets it. */
export async function subjectOf(
  tx: Tx,
  id: string,
  call: CallFacts | undefined,
): Promise<CaseSubject | undefined> {
  if (call) {
    const { from, ...facts } = call;
    const customerData = from === undefined ? {} : { ...(await dataOf(tx, from)), [FROM_KEY]: from };
    return { id, kind: 'call', ...facts, customerData };
  }
  const callback = await tx.findCallback(id);
  if (!callback) return undefined;
  const { virtualQueue, customerNumber, userData: customerData } = callback;
  return { id, kind: 'callback', virtualQueue, customerNumber, customerData };
}

/** The callback of a case; undefined: it is of a call, or kept no longer. */
export function callbackOf(tx: CallbackTx, { kind, id }: Case): Promise<Callback | undefined> {
  return kind === 'callback' ? tx.findCallback(id) : Promise.resolve(undefined);
}

/** What is known of the customer of another case: data travel with the customer. */
async function dataOf(tx: Tx, id: string): Promise<Readonly<Record<string, string>>> {
  const file = await tx.cases.findCaseFile(id);
  return file?.customerData ?? (await tx.findCallback(id))?.userData ?? {};
}
