import type { Kysely } from 'kysely';
import type { TransferredCustomer } from '../../callback/transferred-customer.ts';
import type { CallId } from '../../kernel/ids.ts';
import type { Schema } from './schema.ts';

type Executor = Kysely<Schema>;

/** Inserts or replaces a transferred customer. */
export async function putTransferredCustomer(db: Executor, customer: TransferredCustomer): Promise<void> {
  const { callId, ...fields } = customer;
  await db
    .insertInto('transferredCustomer')
    .values({ callId, ...fields })
    .onConflict((conflict) => conflict.column('callId').doUpdateSet(fields))
    .execute();
}

/** Forgets a transferred customer who was served, or has gone. */
export async function removeTransferredCustomer(db: Executor, callId: CallId): Promise<void> {
  await db.deleteFrom('transferredCustomer').where('callId', '=', callId).execute();
}

/** Oldest place first. */
export async function transferredCustomers(db: Executor): Promise<TransferredCustomer[]> {
  const rows = await db
    .selectFrom('transferredCustomer')
    .selectAll()
    .orderBy('placeAtMs')
    .orderBy('callId')
    .execute();
  return rows;
}
