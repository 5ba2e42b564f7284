import type { Kysely, Migration } from 'kysely';

interface Audited {
  readonly audit: { readonly action: string; readonly after: string | null };
}

/** No entry has the configuration document that was applied by the API: there were passwords in it. */
export const auditWithoutDocuments: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await (db as Kysely<Audited>)
      .updateTable('audit')
      .set({ after: null })
      .where('action', '=', 'POST /api/v1/config')
      .execute();
  },
};
