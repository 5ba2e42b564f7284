import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commandTable, hangUpTables } from './hangup-tables.ts';

describe('docs/hangup.md', () => {
  const document = readFileSync(new URL('../../docs/hangup.md', import.meta.url), 'utf8');

  it.each(Object.entries(hangUpTables()))('has the table of %s as the code has it', (_name, table) => {
    expect(document).toContain(table);
  });
});

describe('docs/call-control.md', () => {
  it('has the table of what may be commanded when as the code has it', () => {
    const document = readFileSync(new URL('../../docs/call-control.md', import.meta.url), 'utf8');
    expect(document).toContain(commandTable());
  });
});
